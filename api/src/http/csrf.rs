//! Requests that a browser sends with its cookie, but for another site, are refused.
use actix_web::{
    HttpRequest,
    http::{
        Method, Uri,
        header::{HOST, HeaderMap, ORIGIN},
    },
};
use secrecy::SecretString;
use service::{Kernel, auth};

use super::Problem;

/// What proves that the sender read an answer of ours.
const TOKEN: &str = "x-csrf-token";

/// Where pages may be from that use the API: its own address, and those that are configured.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    all: Vec<String>,
    are_configured: bool,
}

impl Origins {
    pub fn of(configured: &[String], public_url: Option<&str>) -> Self {
        let own = public_url.and_then(|url| {
            let url: Uri = url.parse().ok()?;
            Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
        });
        Self {
            all: configured.iter().cloned().chain(own).collect(),
            are_configured: !configured.is_empty(),
        }
    }

    /// Whether pages of this origin may use the API. `http://localhost:*` stands for every port.
    pub fn allow(&self, origin: &str) -> bool {
        self.all.iter().any(|one| match one.strip_suffix('*') {
            Some(start) => {
                let port = origin.strip_prefix(start);
                port.is_some_and(|port| port.parse::<u16>().is_ok())
            }
            None => one == origin,
        })
    }

    /// Whether there are others than the server's own.
    pub fn are_configured(&self) -> bool {
        self.are_configured
    }
}

/// For a request that a cookie signs: reading harms nobody (RFC 9110, section 9.2.1), anything else must prove itself twice.
pub async fn check(
    request: &HttpRequest,
    origins: &Origins,
    (kernel, cookie): (&Kernel, &SecretString),
) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(());
    }
    from_here(request, origins)?;
    let token = request.headers().get(TOKEN);
    let token = token.and_then(|token| token.to_str().ok());
    match auth::is_csrf_token(kernel, cookie, token.unwrap_or_default()).await? {
        true => Ok(()),
        false => Err(Problem::forbidden(
            "a request with a cookie needs the header X-CSRF-Token: GET /api/v1/auth/cookie says which",
        )),
    }
}

/// By what browsers say themselves, which no script can change (Fetch Metadata; Fetch, section 3.2).
pub fn from_here(request: &HttpRequest, origins: &Origins) -> Result<(), Problem> {
    let headers = request.headers();
    let is_here = match (
        text(headers, "sec-fetch-site"),
        text(headers, ORIGIN.as_str()),
    ) {
        // Without either it is no browser of this decade: the token decides.
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (_, Some(origin)) => is_own(headers, origin) || origins.allow(origin),
        (Some(_), None) => false,
    };
    match is_here {
        true => Ok(()),
        false => Err(Problem::forbidden(
            "a page of another site may not use your sign-in: add its origin to server.cors_origins if it is yours",
        )),
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
