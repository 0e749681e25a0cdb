//! `/openapi.json`, and Swagger UI at `/docs`, embedded in the program.
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

/// Only this server's scripts and styles are allowed, and inline styles and `data:` images, which Swagger UI needs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());
static STYLE: LazyLock<Option<Bytes>> = LazyLock::new(|| unzip("swagger-ui.css"));
static SCRIPT: LazyLock<Option<Bytes>> = LazyLock::new(|| unzip("swagger-ui-bundle.js"));

/// Builds the OpenAPI 3.1 document of every route that clients may call.
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
    viewer_file(CSS, STYLE.as_ref())
}

async fn script() -> Result<Asset, Problem> {
    viewer_file(JAVASCRIPT, SCRIPT.as_ref())
}

/// Serves a file of Swagger UI.
fn viewer_file(kind: &'static str, body: Option<&Bytes>) -> Result<Asset, Problem> {
    let body = body.cloned();
    let body = body.ok_or_else(|| Error::bug("a file is missing in the embedded Swagger UI"))?;
    Ok(Asset::new(kind, POLICY, body))
}

/// Unzips one file of Swagger UI.
fn unzip(name: &str) -> Option<Bytes> {
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
