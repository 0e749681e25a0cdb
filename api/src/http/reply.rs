//! Answers that are no failure.
use std::marker::PhantomData;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{ETag, EntityTag, HeaderName, LINK, LOCATION, SET_COOKIE},
    },
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use service::{Error, Found, Result};

use super::{BASE, Representation, Resource, Time, cache, cookie};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer of the kind `A`.
#[derive(Debug)]
pub struct Reply<A> {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    /// Which version of what this is (RFC 9110, section 8.8.3).
    tag: Option<EntityTag>,
    body: Option<Vec<u8>>,
    kind: PhantomData<A>,
}

/// An answer as it is kept under an idempotency key.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    /// Whether it is weak, and what it says.
    tag: Option<(bool, String)>,
    body: Option<String>,
}

impl<A> Reply<A> {
    pub fn kept(self) -> Kept {
        let header = |(name, value): (HeaderName, String)| (name.to_string(), value);
        Kept {
            status: self.status.as_u16(),
            headers: self.headers.into_iter().map(header).collect(),
            tag: self.tag.map(|tag| (tag.weak, tag.tag().to_owned())),
            // Made from text, as all our bodies are.
            body: self.body.and_then(|body| String::from_utf8(body).ok()),
        }
    }

    /// What was kept; said to be so, where it was an earlier request's.
    pub fn again(kept: Kept, is_replayed: bool) -> Self {
        let header = |(name, value): (String, String)| Some((name.parse().ok()?, value));
        let mut headers: Vec<_> = kept.headers.into_iter().filter_map(header).collect();
        if is_replayed {
            headers.push((REPLAYED, "true".to_owned()));
        }
        Self {
            status: StatusCode::from_u16(kept.status).unwrap_or_default(),
            headers,
            tag: kept.tag.map(|(weak, tag)| EntityTag::new(weak, tag)),
            body: kept.body.map(String::into_bytes),
            kind: PhantomData,
        }
    }

    pub fn ok(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::OK, body)
    }

    /// 204, once it is done.
    pub fn done((): ()) -> Result<Self> {
        Ok(Self::no_content())
    }

    pub fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: Vec::new(),
            tag: None,
            body: None,
            kind: PhantomData,
        }
    }

    /// 202, with nothing that tells one case from another.
    pub fn accepted() -> Self {
        Self {
            status: StatusCode::ACCEPTED,
            ..Self::no_content()
        }
    }

    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(Error::internal)?;
        let body = Some(body);
        Ok(Self {
            status,
            body,
            ..Self::no_content()
        })
    }

    /// 201, with where the new row is.
    pub fn created<R: Resource>(found: Found<R::Row>) -> Result<Self> {
        let location = format!("{BASE}/{}/{}", R::name(), found.id);
        let mut reply = Self::found::<R>(found)?;
        reply.status = StatusCode::CREATED;
        Ok(reply.with(LOCATION, location))
    }

    /// 201, with what is no row of a resource, and where it is.
    pub fn made(location: String, body: &impl Serialize) -> Result<Self> {
        Ok(Self::json(StatusCode::CREATED, body)?.with(LOCATION, location))
    }

    /// One live row, as a whole.
    pub fn found<R: Resource>(found: Found<R::Row>) -> Result<Self> {
        let tag = (found.version, found.is_full);
        let row = Representation::<R::View>::of::<R>(found, false);
        Ok(Self::ok(&row)?.tagged(tag, true))
    }

    /// Names the version of a row, and whether its public view is shown.
    #[must_use]
    pub fn tagged(mut self, (version, is_full): (i64, bool), is_whole: bool) -> Self {
        let view = if is_full { "" } else { "p" };
        self.tag = Some(EntityTag::new(!is_whole, format!("{version}{view}")));
        self
    }

    #[must_use]
    pub fn linked(self, links: String) -> Self {
        match links.is_empty() {
            true => self,
            false => self.with(LINK, links),
        }
    }

    /// Keeps a browser signed in until a time.
    #[must_use]
    pub fn remembered(self, token: &SecretString, until: Time) -> Self {
        self.with(SET_COOKIE, cookie::set(token, until))
    }

    /// Signs a browser out.
    #[must_use]
    pub fn forgotten(self) -> Self {
        self.with(SET_COOKIE, cookie::removal())
    }

    #[must_use]
    pub fn with_cookie(self, cookie: Option<Cookie<'_>>) -> Self {
        match cookie {
            Some(cookie) => self.with(SET_COOKIE, cookie.to_string()),
            None => self,
        }
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<A> Responder for Reply<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let is_known = cache::is_known(request, self.tag.as_ref());
        let status = if is_known {
            StatusCode::NOT_MODIFIED
        } else {
            self.status
        };
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            // There may be several cookies.
            response.append_header(header);
        }
        if let Some(tag) = self.tag {
            response.insert_header(ETag(tag));
        }
        match self.body {
            Some(body) if !is_known => response.content_type("application/json").body(body),
            _ => response.finish(),
        }
    }
}
