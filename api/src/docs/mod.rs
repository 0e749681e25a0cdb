//! `/openapi.json`, and Swagger UI at `/docs`, embedded in the program.
use std::{io, sync::LazyLock};

use actix_web::{HttpRequest, web::Bytes};
use kernel::Error;
use serde_json::Value;
use service::registry;
use web::{About, Problem, Route};

use crate::{
    asset::{Archive, Asset, CSS, File, HTML, JAVASCRIPT, JSON, Moved},
    routes,
    site::SESSION_COOKIE,
    system,
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

static DOCUMENT: LazyLock<Option<File>> =
    LazyLock::new(|| File::compress(JSON, document().to_string()).ok());
static STYLE: LazyLock<Option<File>> = LazyLock::new(|| viewer(CSS, "swagger-ui.css").ok());
static SCRIPT: LazyLock<Option<File>> =
    LazyLock::new(|| viewer(JAVASCRIPT, "swagger-ui-bundle.js").ok());
static INDEX: LazyLock<Bytes> = LazyLock::new(|| index_page().into());

/// The files of Swagger UI. The build script takes them from the archive that its authors release.
const VIEWER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/viewer.zip"));

/// Reads one file of Swagger UI.
fn viewer(kind: &'static str, name: &str) -> io::Result<File> {
    Archive::open(VIEWER)?.read(&format!("dist/{name}"), kind)
}

/// Serves a file. Its version is the query of its address, so that a new release has new addresses.
fn serve(file: Option<&File>, request: &HttpRequest) -> Result<Asset, Problem> {
    let file = file.ok_or_else(|| Error::bug("a file of the documentation could not be read"))?;
    let is_current = request.query_string() == file.version;
    Ok(file.answer(request, POLICY).immutable_if(is_current))
}

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
        Route::outside_api("slash", "/docs/", without_slash),
        Route::outside_api("start", "/docs/start.js", start),
        Route::outside_api("sign_in", "/docs/start.css", start_style),
        Route::outside_api("style", "/docs/swagger-ui.css", style),
        Route::outside_api("script", "/docs/swagger-ui-bundle.js", script),
    ]
}

async fn json(request: HttpRequest) -> Result<Asset, Problem> {
    serve(DOCUMENT.as_ref(), &request)
}

async fn index() -> Asset {
    Asset::new(HTML, POLICY, INDEX.clone())
}

async fn without_slash() -> Moved {
    Moved("../docs")
}

async fn start() -> Asset {
    Asset::new(JAVASCRIPT, POLICY, include_str!("start.js"))
}

async fn start_style() -> Asset {
    Asset::new(CSS, POLICY, include_str!("start.css"))
}

async fn style(request: HttpRequest) -> Result<Asset, Problem> {
    serve(STYLE.as_ref(), &request)
}

async fn script(request: HttpRequest) -> Result<Asset, Problem> {
    serve(SCRIPT.as_ref(), &request)
}

/// Returns the page, with the versions of the files in their addresses.
fn index_page() -> String {
    let files = [
        ("swagger-ui.css", &STYLE),
        ("swagger-ui-bundle.js", &SCRIPT),
    ];
    let page = include_str!("index.html").to_owned();
    files.into_iter().fold(page, |page, (name, file)| {
        let version = file.as_ref().map_or("", |file| file.version.as_str());
        page.replace(name, &format!("{name}?{version}"))
    })
}
