//! `/openapi.json`, and `/docs`: Swagger UI, all of it from this program.
use std::{
    io::{Cursor, Read},
    sync::LazyLock,
};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{Method, header::CONTENT_SECURITY_POLICY},
    web::Bytes,
};
use serde_json::Value;
use service::Error;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use crate::{
    http::{Problem, Route},
    openapi::{self, Documented, Operation},
    routes, system,
};

/// Scripts and styles from here alone; the viewer sets styles on elements, and has its icons in the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());
static STYLE: LazyLock<Option<Bytes>> = LazyLock::new(|| unpacked("swagger-ui.css"));
static SCRIPT: LazyLock<Option<Bytes>> = LazyLock::new(|| unpacked("swagger-ui-bundle.js"));

/// OpenAPI 3.1 of everything that a client may call.
pub fn document() -> Value {
    let mut routes = routes::routes();
    routes.extend(system::routes());
    openapi::document(&routes)
}

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/openapi.json", |_| true, json),
        Route::new(Method::GET, "/docs", |_| true, index),
        Route::new(Method::GET, "/docs/start.js", |_| true, start),
        Route::new(Method::GET, "/docs/swagger-ui.css", |_| true, style),
        Route::new(Method::GET, "/docs/swagger-ui-bundle.js", |_| true, script),
    ]
}

/// A file of this program.
pub struct Asset {
    kind: &'static str,
    body: Bytes,
}

async fn json() -> Asset {
    Asset::new("application/json", DOCUMENT.clone())
}

async fn index() -> Asset {
    Asset::new("text/html; charset=utf-8", include_str!("index.html"))
}

async fn start() -> Asset {
    Asset::new(JAVASCRIPT, include_str!("start.js"))
}

async fn style() -> Result<Asset, Problem> {
    Asset::packed("text/css; charset=utf-8", STYLE.as_ref())
}

async fn script() -> Result<Asset, Problem> {
    Asset::packed(JAVASCRIPT, SCRIPT.as_ref())
}

impl Asset {
    pub fn new(kind: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { kind, body }
    }

    fn packed(kind: &'static str, body: Option<&Bytes>) -> Result<Self, Problem> {
        let body = body.cloned();
        let body = body.ok_or_else(|| Error::bug("the release of Swagger UI lacks a file"))?;
        Ok(Self { kind, body })
    }
}

impl Responder for Asset {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .content_type(self.kind)
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .body(self.body)
    }
}

/// What the document is read with is no part of it.
impl Documented for Asset {
    fn document(operation: &mut Operation<'_>) {
        operation.hide();
    }
}

impl Documented for Result<Asset, Problem> {
    fn document(operation: &mut Operation<'_>) {
        operation.hide();
    }
}

/// One file of the release.
fn unpacked(name: &str) -> Option<Bytes> {
    let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).ok()?;
    let end = format!("/dist/{name}");
    let path = release
        .file_names()
        .flatten()
        .find(|path| path.ends_with(&end))?
        .into_owned();
    let mut body = Vec::new();
    release.by_name(&path).ok()?.read_to_end(&mut body).ok()?;
    Some(body.into())
}
