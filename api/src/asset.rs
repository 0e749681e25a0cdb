//! Static files for browsers, embedded in the program.
mod file;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::{
        AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETag, Encoding,
        EntityTag, Header, LOCATION, VARY,
    },
    web::Bytes,
};

pub use file::{Archive, File};

use web::{
    SharedBody, is_not_modified,
    openapi::{Documented, Operation},
};

pub const HTML: &str = "text/html; charset=utf-8";
pub const CSS: &str = "text/css; charset=utf-8";
pub const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
pub const JSON: &str = "application/json";

/// The address of the file contains the version of its content, so that a cache may keep it for good (RFC 8246).
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// A cache asks with the tag of its copy each time.
const NO_CACHE: &str = "no-cache";

pub struct Asset {
    kind: &'static str,
    /// The Content Security Policy (Level 3).
    policy: &'static str,
    body: Bytes,
    /// The request headers that the choice of this file depends on.
    varies: Option<&'static str>,
    encoding: Option<&'static str>,
    /// Identifies the body in this encoding.
    tag: Option<EntityTag>,
    /// The `Cache-Control` header, if it is not the common one.
    caching: Option<&'static str>,
}

impl Asset {
    pub fn new(kind: &'static str, policy: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            kind,
            policy,
            body: body.into(),
            varies: None,
            encoding: None,
            tag: None,
            caching: None,
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

    /// Sets the tag of the body, with which a client asks whether its copy is current. Each encoding needs a tag of its own (RFC 9110,
    /// section 8.8.3.3).
    #[must_use]
    pub fn with_tag(self, tag: String) -> Self {
        Self {
            tag: Some(EntityTag::new_strong(tag)),
            ..self
        }
    }

    /// Lets caches keep the file if its address contains the version of its content.
    #[must_use]
    pub fn immutable_if(self, is_immutable: bool) -> Self {
        let caching = is_immutable.then_some(IMMUTABLE);
        Self { caching, ..self }
    }

    /// Makes caches ask before each use whether their copy is current.
    #[must_use]
    pub fn revalidated(self) -> Self {
        let caching = Some(NO_CACHE);
        Self { caching, ..self }
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

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let is_not_modified = is_not_modified(request, self.tag.as_ref());
        let mut response = if is_not_modified {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        response.insert_header((CONTENT_SECURITY_POLICY, self.policy));
        if let Some(tag) = self.tag {
            response.insert_header(ETag(tag));
        }
        if let Some(header) = self.varies {
            response.insert_header((VARY, header));
        }
        if let Some(caching) = self.caching {
            response.insert_header((CACHE_CONTROL, caching));
        }
        if is_not_modified {
            return response.finish();
        }
        if let Some(encoding) = self.encoding {
            response.insert_header((CONTENT_ENCODING, encoding));
        }
        let mut response = response.content_type(self.kind).body(self.body);
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

/// 308: the page is at this address relative to that of the request, so beneath whatever path a proxy adds.
pub struct Moved(pub &'static str);

impl Responder for Moved {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, self.0))
            .finish()
    }
}

impl Documented for Moved {
    fn document(operation: &mut Operation<'_>) {
        operation.hide();
    }
}
