//! Static files for browsers, embedded in the program.
use actix_web::{
    HttpRequest, HttpResponse, Responder, body::BoxBody, http::header::CONTENT_SECURITY_POLICY,
    web::Bytes,
};

use web::{
    SharedBody,
    openapi::{Documented, Operation},
};

pub const HTML: &str = "text/html; charset=utf-8";
pub const CSS: &str = "text/css; charset=utf-8";
pub const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

pub struct Asset {
    kind: &'static str,
    /// The Content Security Policy (Level 3).
    policy: &'static str,
    body: Bytes,
}

impl Asset {
    pub fn new(kind: &'static str, policy: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            kind,
            policy,
            body: body.into(),
        }
    }
}

impl Responder for Asset {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok()
            .content_type(self.kind)
            .insert_header((CONTENT_SECURITY_POLICY, self.policy))
            .body(self.body);
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
