//! Static files for browsers, embedded in the program.
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::{
        AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, Encoding, Header,
        VARY,
    },
    web::Bytes,
};

use web::{
    SharedBody,
    openapi::{Documented, Operation},
};

pub const HTML: &str = "text/html; charset=utf-8";
pub const CSS: &str = "text/css; charset=utf-8";
pub const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
pub const JSON: &str = "application/json";

/// The address of the file contains the version of its content, so that a cache may keep it for good (RFC 8246).
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

pub struct Asset {
    kind: &'static str,
    /// The Content Security Policy (Level 3).
    policy: &'static str,
    body: Bytes,
    /// The request headers that the choice of this file depends on.
    varies: Option<&'static str>,
    encoding: Option<&'static str>,
    is_immutable: bool,
}

impl Asset {
    pub fn new(kind: &'static str, policy: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            kind,
            policy,
            body: body.into(),
            varies: None,
            encoding: None,
            is_immutable: false,
        }
    }

    /// Marks the file as one that was chosen by this request header.
    #[must_use]
    pub fn chosen_by(self, header: &'static str) -> Self {
        Self {
            varies: Some(header),
            ..self
        }
    }

    /// Marks the body as compressed with gzip.
    #[must_use]
    pub fn in_gzip(self) -> Self {
        Self {
            encoding: Some("gzip"),
            ..self
        }
    }

    /// Lets caches keep the file if its address contains the version of its content.
    #[must_use]
    pub fn immutable_if(self, is_immutable: bool) -> Self {
        Self {
            is_immutable,
            ..self
        }
    }
}

/// Returns true if the client accepts gzip and names it (RFC 9110, section 12.5.3).
pub fn accepts_gzip(request: &HttpRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request).ok();
    accepted.and_then(|it| it.negotiate(known.iter())) == Some(Encoding::gzip())
}

impl Responder for Asset {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response
            .content_type(self.kind)
            .insert_header((CONTENT_SECURITY_POLICY, self.policy));
        if let Some(header) = self.varies {
            response.insert_header((VARY, header));
        }
        if let Some(encoding) = self.encoding {
            response.insert_header((CONTENT_ENCODING, encoding));
        }
        if self.is_immutable {
            response.insert_header((CACHE_CONTROL, IMMUTABLE));
        }
        let mut response = response.body(self.body);
        response.extensions_mut().insert(SharedBody);
        response
    }
}

/// Pages and their files are not part of the API, so the OpenAPI document omits them.
impl Documented for Asset {
    fn document(operation: &mut Operation<'_>) {
        operation.hide();
    }
}
