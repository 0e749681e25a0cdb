//! Successful answers.
mod answer;
mod cached;
mod download;
mod idempotency;
mod shape;

pub use answer::{Answer, Created, CreatedRow, DeletedRow, NoContent, Ok, Page, Row};
pub use download::Download;
pub use idempotency::Replayable;

use std::marker::PhantomData;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{ETag, EntityTag, HeaderName, LINK, LOCATION, SET_COOKIE},
    },
    web::Bytes,
};
use kernel::{
    Crud, Error, Readable, Result, Tx,
    idempotency::{Need, Notes, remove_private_members, with_fields, without_fields},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    BASE, cache,
    resource::{FoundRow, Representation, Writable},
};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A successful answer; `A` is the type that documents it.
#[derive(Debug, Clone)]
pub struct Reply<A> {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    /// The version of the body (RFC 9110, section 8.8.3).
    tag: Option<EntityTag>,
    body: Option<Bytes>,
    /// The ids and versions of the rows in the answer, in the order of the request.
    rows: Vec<(i64, i64)>,
    kind: PhantomData<A>,
}

/// An answer as it is stored under an idempotency key.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredReply {
    status: u16,
    headers: Vec<(String, String)>,
    /// The tag: whether it is weak, and its text.
    tag: Option<(bool, String)>,
    body: Option<String>,
    #[serde(default)]
    rows: Vec<(i64, i64)>,
    /// Whether the fields of the row are omitted from the body, because its history has them.
    #[serde(default)]
    is_lean: bool,
    #[serde(default)]
    needs: Vec<Need>,
    #[serde(default)]
    fields: Vec<String>,
}

impl StoredReply {
    pub fn notes(&self) -> Notes {
        Notes {
            ids: self.rows.iter().map(|(id, _)| *id).collect(),
            needs: self.needs.clone(),
            fields: self.fields.clone(),
        }
    }

    /// Restores omitted fields, and removes private fields unless `is_full`.
    pub async fn restore<C: Crud>(mut self, tx: &Tx, is_full: bool) -> Result<Self> {
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
            body = remove_private_members::<C>(&body)?;
        }
        self.body = Some(body);
        Ok(self)
    }
}

impl<A> Reply<A> {
    /// Converts the answer into its stored form.
    pub fn to_stored(&self, needs: Vec<Need>, fields: Vec<String>) -> StoredReply {
        let header = |(name, value): &(HeaderName, String)| (name.to_string(), value.clone());
        let tag = self.tag.as_ref();
        // Every body is JSON, so this never fails.
        let body = self
            .body
            .as_ref()
            .and_then(|body| String::from_utf8(body.to_vec()).ok());
        StoredReply {
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

    /// Converts the answer into its stored form without the fields of its row, which the history has.
    pub fn to_stored_without_fields<C: Crud>(&self, fields: Vec<String>) -> Result<StoredReply> {
        let mut stored = self.to_stored(Vec::new(), fields);
        stored.body = stored
            .body
            .as_deref()
            .map(without_fields::<C>)
            .transpose()?;
        stored.is_lean = true;
        Ok(stored)
    }

    /// Returns the size of the body in bytes.
    pub fn size(&self) -> usize {
        self.body.as_ref().map_or(0, Bytes::len)
    }

    /// Rebuilds the answer to an earlier request and marks it as replayed.
    pub fn replay(stored: StoredReply) -> Self {
        let header = |(name, value): (String, String)| Some((name.parse().ok()?, value));
        let mut headers: Vec<_> = stored.headers.into_iter().filter_map(header).collect();
        headers.push((REPLAYED, "true".to_owned()));
        Self {
            status: StatusCode::from_u16(stored.status).unwrap_or_default(),
            headers,
            tag: stored.tag.map(|(weak, tag)| EntityTag::new(weak, tag)),
            body: stored.body.map(Bytes::from),
            rows: stored.rows,
            kind: PhantomData,
        }
    }

    pub fn ok(body: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::OK, body)
    }

    /// 204; takes the unit that a finished operation returns.
    pub fn done((): ()) -> Result<Self> {
        Ok(Self::no_content())
    }

    pub fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            tag: None,
            body: None,
            rows: Vec::new(),
            kind: PhantomData,
        }
    }

    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(Error::internal)?;
        Ok(Self::written(status, body))
    }

    /// An answer whose body is JSON already.
    fn written(status: StatusCode, body: Vec<u8>) -> Self {
        Self {
            body: Some(body.into()),
            ..Self::empty(status)
        }
    }

    /// 201 with a new row and its `Location`.
    pub fn created_row<V: Writable>(found: FoundRow<V>) -> Result<Self> {
        let location = format!("{BASE}/{}/{}", V::Service::name(), found.id);
        let mut reply = Self::row::<V>(found)?;
        reply.status = StatusCode::CREATED;
        Ok(reply.with(LOCATION, location))
    }

    /// 201 with something that is not a row of a resource, and its `Location`.
    pub fn created(location: String, body: &impl Serialize) -> Result<Self> {
        Ok(Self::json(StatusCode::CREATED, body)?.with(LOCATION, location))
    }

    /// 200 with one live row and all its fields.
    pub fn row<V: Writable>(found: FoundRow<V>) -> Result<Self> {
        let tag = (found.state.version, found.is_full);
        let id = found.id;
        let row = Representation::<V>::new(found, false);
        let reply = Self::ok(&row)?.with_etag(tag, true);
        Ok(reply.with_rows(vec![(id, tag.0)]))
    }

    /// Sets the ids and versions of the rows in the answer.
    #[must_use]
    pub fn with_rows(mut self, rows: Vec<(i64, i64)>) -> Self {
        self.rows = rows;
        self
    }

    /// Sets the `ETag` from a row's version; `p` marks its public view. It is weak unless all fields are shown.
    #[must_use]
    pub fn with_etag(mut self, (version, is_full): (i64, bool), is_whole: bool) -> Self {
        let view = if is_full { "" } else { "p" };
        self.tag = Some(EntityTag::new(!is_whole, format!("{version}{view}")));
        self
    }

    /// Sets the `ETag` to a checksum of the body.
    #[must_use]
    pub fn tagged_by_content(mut self) -> Self {
        let body = self.body.as_deref().unwrap_or_default();
        let digest = Sha256::digest(body);
        let tag = digest[..16]
            .iter()
            .fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        self.tag = Some(EntityTag::new_strong(tag));
        self
    }

    #[must_use]
    pub fn with_links(self, links: String) -> Self {
        if links.is_empty() {
            self
        } else {
            self.with(LINK, links)
        }
    }

    #[must_use]
    pub fn with_cookie(self, cookie: &Cookie<'_>) -> Self {
        self.with(SET_COOKIE, cookie.to_string())
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<A> Responder for Reply<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let is_not_modified = cache::is_not_modified(request, self.tag.as_ref());
        let status = if is_not_modified {
            StatusCode::NOT_MODIFIED
        } else {
            self.status
        };
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            // An answer may set several cookies.
            response.append_header(header);
        }
        if let Some(tag) = self.tag {
            response.insert_header(ETag(tag));
        }
        match self.body {
            Some(body) if !is_not_modified => response.content_type("application/json").body(body),
            _ => response.finish(),
        }
    }
}
