//! `/openapi.json`, and Swagger UI at `/docs`, embedded in the program.
use std::{
    io::{Cursor, Read},
    sync::LazyLock,
};

use actix_web::web::Bytes;
use kernel::Error;
use serde_json::Value;
use service::registry;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use web::{About, Problem, Route};
use zip::ZipArchive;

use crate::{
    application::SESSION_COOKIE,
    asset::{Asset, CSS, HTML, JAVASCRIPT},
    routes, system,
};

/// Only this server's scripts and styles are allowed, and inline styles and `data:` images, which Swagger UI needs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ABOUT: About = About {
    title: "Atoll",
    version: env!("CARGO_PKG_VERSION"),
    license: env!("CARGO_PKG_LICENSE"),
    session_cookie: Some(SESSION_COOKIE),
};

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());
static STYLE: LazyLock<Option<Bytes>> = LazyLock::new(|| unzip("swagger-ui.css"));
static SCRIPT: LazyLock<Option<Bytes>> = LazyLock::new(|| unzip("swagger-ui-bundle.js"));

/// Builds the OpenAPI 3.1 document of every route that clients may call.
pub fn document() -> Value {
    let mut routes = routes::routes();
    routes.extend(system::routes());
    web::document(&ABOUT, registry(), &routes)
}

pub fn routes() -> Vec<Route> {
    vec![
        Route::outside_api("json", "/openapi.json", json),
        Route::outside_api("index", "/docs", index),
        Route::outside_api("start", "/docs/start.js", start),
        Route::outside_api("style", "/docs/swagger-ui.css", style),
        Route::outside_api("script", "/docs/swagger-ui-bundle.js", script),
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
