//! `/admin/`: the web interface for administrators. It is built from the folder `admin/` and embedded in the program.
use std::{collections::HashMap, future::ready, io, sync::LazyLock};

use actix_web::HttpRequest;
use kernel::Error;
use serde::Deserialize;
use web::{Problem, Route};

use crate::asset::{Archive, Asset, CSS, File, HTML, JAVASCRIPT, JSON, Moved};

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub enabled: bool,
}

/// The built files.
const BUILT: &[u8] = include_bytes!("../../../admin/dist.zip");

/// Only this server's scripts are allowed, none of them inline. The interface adds styles while it runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The page. What it shows is behind the `#` of its address, so it is the only one.
const PAGE: &str = "index.html";
/// The folder of the files whose names contain a checksum of their content.
const HASHED: &str = "assets/";

/// The files by their paths.
static FILES: LazyLock<io::Result<HashMap<String, File>>> = LazyLock::new(|| read(BUILT));

pub fn routes(is_enabled: bool) -> Vec<Route> {
    if !is_enabled {
        return Vec::new();
    }
    let page = |request: HttpRequest| ready(serve(PAGE, &request));
    let file = |path: String| {
        let address = format!("/admin/{path}");
        let file = move |request: HttpRequest| ready(serve(&path, &request));
        Route::outside_api("file", &address, file)
    };
    let files = paths(BUILT).into_iter().filter(|path| path != PAGE);
    [
        Route::outside_api("without_slash", "/admin", || ready(Moved("admin/"))),
        Route::outside_api("page", "/admin/", page),
    ]
    .into_iter()
    .chain(files.map(file))
    .collect()
}

fn serve(path: &str, request: &HttpRequest) -> Result<Asset, Problem> {
    let files = FILES.as_ref().map_err(ToString::to_string);
    let file = files.and_then(|files| files.get(path).ok_or_else(|| format!("{path} is missing")));
    let file = file.map_err(|error| Error::bug(format!("the admin could not be read: {error}")))?;
    let asset = file.answer(request, POLICY);
    Ok(if path.starts_with(HASHED) {
        asset.immutable_if(true)
    } else {
        asset.revalidated()
    })
}

/// Returns the paths of the files in an archive. A damaged archive has none.
fn paths(archive: &'static [u8]) -> Vec<String> {
    Archive::open(archive).map_or_else(|_| Vec::new(), |archive| archive.paths())
}

fn read(archive: &'static [u8]) -> io::Result<HashMap<String, File>> {
    let mut archive = Archive::open(archive)?;
    let paths = archive.paths().into_iter();
    paths
        .map(|path| {
            let file = archive.read(&path, media_type(&path))?;
            Ok((path, file))
        })
        .collect()
}

/// Returns the media type of a file by the end of its name.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => HTML,
        Some("css") => CSS,
        Some("js") => JAVASCRIPT,
        Some("json" | "map") => JSON,
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
