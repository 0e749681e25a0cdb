//! Protection against cross-site request forgery: a page of another site cannot use a browser's session cookie.
use actix_web::{
    HttpRequest,
    http::{
        Method, Uri,
        header::{HOST, HeaderMap, ORIGIN},
    },
};

use crate::problem::Problem;

/// The header with the token, which only a page that may read the API's answers can know.
const TOKEN: &str = "x-csrf-token";

/// The origins whose pages may use the API: the server's own and the configured ones.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    all: Vec<String>,
    are_configured: bool,
}

impl Origins {
    pub fn new(configured: &[String], public_url: Option<&str>) -> Self {
        let own = public_url.and_then(|url| {
            let url: Uri = url.parse().ok()?;
            Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
        });
        Self {
            all: configured.iter().cloned().chain(own).collect(),
            are_configured: !configured.is_empty(),
        }
    }

    /// Returns true if pages of this origin may use the API. `http://localhost:*` allows every port.
    pub fn allow(&self, origin: &str) -> bool {
        self.all
            .iter()
            .any(|allowed| match allowed.strip_suffix('*') {
                Some(start) => {
                    let port = origin.strip_prefix(start);
                    port.is_some_and(|port| port.parse::<u16>().is_ok())
                }
                None => allowed == origin,
            })
    }

    /// Returns true if origins other than the server's own are allowed.
    pub fn are_configured(&self) -> bool {
        self.are_configured
    }
}

/// Checks the origin of a request that is authenticated by a cookie and returns its CSRF token, which is empty if there is
/// none. Reads are safe (RFC 9110, section 9.2.1) and need neither.
pub fn token_of_change<'a>(
    request: &'a HttpRequest,
    origins: &Origins,
) -> Result<Option<&'a str>, Problem> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(None);
    }
    check_origin(request, origins)?;
    Ok(Some(text(request.headers(), TOKEN).unwrap_or_default()))
}

/// Checks the headers that browsers set and scripts cannot change (Fetch Metadata; Fetch, section 3.2).
pub fn check_origin(request: &HttpRequest, origins: &Origins) -> Result<(), Problem> {
    let headers = request.headers();
    let is_allowed = match (
        text(headers, "sec-fetch-site"),
        text(headers, ORIGIN.as_str()),
    ) {
        // Every current browser sends one of the two. Other clients are checked by the token alone.
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (_, Some(origin)) => is_own(headers, origin) || origins.allow(origin),
        (Some(_), None) => false,
    };
    if is_allowed {
        Ok(())
    } else {
        Err(Problem::forbidden(
            "origin not allowed for requests with a cookie: if the page is yours, add its origin to server.cors_origins",
        ))
    }
}

fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let origin = origin.parse::<Uri>().ok();
    let host = origin.and_then(|origin| Some(origin.authority()?.to_string()));
    host.is_some() && host.as_deref() == text(headers, HOST.as_str())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
