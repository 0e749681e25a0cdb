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
use service::{
    Crud, Error, Found, Result, Tx,
    idempotency::{Need, Notes, public, with_fields, without_fields},
};

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
    /// The rows that it is about, in the order of the request, and their versions.
    rows: Vec<(i64, i64)>,
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
    #[serde(default)]
    rows: Vec<(i64, i64)>,
    /// Whether the fields of the row were left out of the body: its history has them.
    #[serde(default)]
    is_lean: bool,
    #[serde(default)]
    needs: Vec<Need>,
    #[serde(default)]
    fields: Vec<String>,
}

impl Kept {
    pub fn notes(&self) -> Notes {
        Notes {
            ids: self.rows.iter().map(|(id, _)| *id).collect(),
            needs: self.needs.clone(),
            fields: self.fields.clone(),
        }
    }

    /// Puts back what was left out, and takes away what a caller may not see who sees only public fields.
    pub async fn shown_to<C: Crud>(mut self, tx: &Tx, is_full: bool) -> Result<Self> {
        let Some(body) = self.body.take() else {
            return Ok(self);
        };
        let mut body = match self.rows.first() {
            Some(row) if self.is_lean => with_fields::<C>(tx, &body, *row).await?,
            _ => body,
        };
        if !is_full && let Some((_, tag)) = self.tag.as_mut().filter(|(_, tag)| !tag.ends_with('p'))
        {
            tag.push('p');
            body = public::<C>(&body)?;
        }
        self.body = Some(body);
        Ok(self)
    }
}

impl<A> Reply<A> {
    /// What is kept of it.
    pub fn kept(&self, needs: Vec<Need>, fields: Vec<String>) -> Kept {
        let header = |(name, value): &(HeaderName, String)| (name.to_string(), value.clone());
        let tag = self.tag.as_ref();
        // Made from text, as all our bodies are.
        let body = self
            .body
            .clone()
            .and_then(|body| String::from_utf8(body).ok());
        Kept {
            status: self.status.as_u16(),
            headers: self.headers.iter().map(header).collect(),
            tag: tag.map(|tag| (tag.weak, tag.tag().to_owned())),
            body,
            rows: self.rows.clone(),
            is_lean: false,
            needs,
            fields,
        }
    }

    /// The same of a row that its history has: without the fields.
    pub fn kept_lean<C: Crud>(&self, fields: Vec<String>) -> Result<Kept> {
        let mut kept = self.kept(Vec::new(), fields);
        kept.body = kept.body.as_deref().map(without_fields::<C>).transpose()?;
        kept.is_lean = true;
        Ok(kept)
    }

    /// Bytes of its body.
    pub fn size(&self) -> usize {
        self.body.as_ref().map_or(0, Vec::len)
    }

    /// The answer to an earlier request, which it says.
    pub fn again(kept: Kept) -> Self {
        let header = |(name, value): (String, String)| Some((name.parse().ok()?, value));
        let mut headers: Vec<_> = kept.headers.into_iter().filter_map(header).collect();
        headers.push((REPLAYED, "true".to_owned()));
        Self {
            status: StatusCode::from_u16(kept.status).unwrap_or_default(),
            headers,
            tag: kept.tag.map(|(weak, tag)| EntityTag::new(weak, tag)),
            body: kept.body.map(String::into_bytes),
            rows: kept.rows,
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
            rows: Vec::new(),
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
        let id = found.id;
        let row = Representation::<R::View>::of::<R>(found, false);
        let reply = Self::ok(&row)?.tagged(tag, true);
        Ok(reply.about(vec![(id, tag.0)]))
    }

    /// Names the rows that it is about, and their versions.
    #[must_use]
    pub fn about(mut self, rows: Vec<(i64, i64)>) -> Self {
        self.rows = rows;
        self
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
