//! Answers that are no failure.
use std::marker::PhantomData;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{
        StatusCode,
        header::{HeaderName, LINK, LOCATION},
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use service::{Error, Found, crud, query::ListQuery};

use super::{BASE, Links, Problem, Resource, Time};

/// An answer of the kind `A`.
#[derive(Debug)]
pub struct Reply<A> {
    status: StatusCode,
    header: Option<(HeaderName, String)>,
    body: Option<Vec<u8>>,
    kind: PhantomData<A>,
}

impl<A> Reply<A> {
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(StatusCode::OK, body)
    }

    pub fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            header: None,
            body: None,
            kind: PhantomData,
        }
    }

    /// 201, with where the new row is.
    pub fn created<R: Resource>(found: Found<R::Row>) -> Result<Self, Problem> {
        let location = format!("{BASE}/{}/{}", R::name(), found.id);
        let reply = Self::json(
            StatusCode::CREATED,
            &Representation::<R::View>::of::<R>(found, false),
        )?;
        Ok(reply.with((LOCATION, location)))
    }

    pub fn found<R: Resource>(found: Found<R::Row>, with_deleted: bool) -> Result<Self, Problem> {
        Self::ok(&Representation::<R::View>::of::<R>(found, with_deleted))
    }

    pub fn page<R: Resource>(
        page: crud::Page<R::Row>,
        query: &ListQuery<R>,
        links: &Links,
    ) -> Result<Self, Problem> {
        let shows_deleted = query.deleted != crud::Deleted::Exclude;
        let row = |found| Representation::<R::View>::of::<R>(found, shows_deleted);
        let links = links.header(page.next.as_deref(), page.prev.as_deref());
        let reply = Self::ok(&Page {
            data: page.rows.into_iter().map(row).collect(),
            page: Window {
                limit: query.limit,
                next: page.next,
                prev: page.prev,
                total: page.total,
            },
        })?;
        Ok(reply.with((LINK, links)))
    }

    fn with(self, header: (HeaderName, String)) -> Self {
        let header = Some(header);
        Self { header, ..self }
    }

    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Internal(error.into()))?;
        Ok(Self {
            status,
            header: None,
            body: Some(body),
            kind: PhantomData,
        })
    }
}

impl<A> Responder for Reply<A> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(header) = self.header {
            response.insert_header(header);
        }
        match self.body {
            Some(body) => response.content_type("application/json").body(body),
            None => response.finish(),
        }
    }
}

/// A row as it goes out: what every resource has around what this one has.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(
    rename = "{V}",
    description = "A row; `deleted_at` is there only where deleted rows are shown."
)]
pub struct Representation<V> {
    id: i64,
    #[serde(flatten)]
    view: V,
    created_at: Time,
    updated_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Option<Time>>,
    version: i64,
}

impl<V> Representation<V> {
    /// `deleted_at` is there only where deleted rows are shown.
    pub fn of<R: Resource<View = V>>(found: Found<R::Row>, with_deleted: bool) -> Self {
        Self {
            id: found.id,
            view: found.row.into(),
            created_at: found.created_at.into(),
            updated_at: found.updated_at.into(),
            deleted_at: with_deleted.then(|| found.deleted_at.map(Time::from)),
            version: found.version,
        }
    }
}

/// Some rows of a list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "{V}Page")]
pub struct Page<V> {
    pub data: Vec<V>,
    pub page: Window,
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Window {
    limit: u64,
    next: Option<String>,
    prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}
