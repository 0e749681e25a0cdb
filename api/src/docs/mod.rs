//! `/openapi.json`, and `/docs`: Swagger UI, all of it from this program.
use std::{
    io::{Cursor, Read},
    sync::LazyLock,
};

use actix_web::{http::Method, web::Bytes};
use serde_json::Value;
use service::Error;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use crate::{
    asset::{Asset, CSS, HTML, JAVASCRIPT},
    http::{Problem, Route},
    openapi, routes, system,
};

/// Scripts and styles from here alone; the viewer sets styles on elements, and has its icons in the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
        Route::new("json", Method::GET, "/openapi.json", |_| true, json),
        Route::new("index", Method::GET, "/docs", |_| true, index),
        Route::new("start", Method::GET, "/docs/start.js", |_| true, start),
        Route::new(
            "style",
            Method::GET,
            "/docs/swagger-ui.css",
            |_| true,
            style,
        ),
        Route::new(
            "script",
            Method::GET,
            "/docs/swagger-ui-bundle.js",
            |_| true,
            script,
        ),
    ]
}

async fn json() -> Asset {
    Asset::new("application/json", POLICY, DOCUMENT.clone())
}

async fn index() -> Asset {
    Asset::new(HTML, POLICY, include_str!("index.html"))
}

async fn start() -> Asset {
    Asset::new(JAVASCRIPT, POLICY, include_str!("start.js"))
}

async fn style() -> Result<Asset, Problem> {
    packed(CSS, STYLE.as_ref())
}

async fn script() -> Result<Asset, Problem> {
    packed(JAVASCRIPT, SCRIPT.as_ref())
}

/// A file of the viewer.
fn packed(kind: &'static str, body: Option<&Bytes>) -> Result<Asset, Problem> {
    let body = body.cloned();
    let body = body.ok_or_else(|| Error::bug("the release of Swagger UI lacks a file"))?;
    Ok(Asset::new(kind, POLICY, body))
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
