//! Answers that are no failure.
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{
        StatusCode,
        header::{ETag, EntityTag, HeaderName, LINK, LOCATION},
    },
};
use serde::Serialize;
use service::{
    Error, Found,
    crud::{self, Deleted},
    query::ListQuery,
};

use super::{BASE, Links, Page, Problem, Representation, Resource, Window, cache};

#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    /// Which version of what this is (RFC 9110, section 8.8.3).
    tag: Option<EntityTag>,
    body: Option<Vec<u8>>,
}

impl Reply {
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(StatusCode::OK, body)
    }

    pub fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: Vec::new(),
            tag: None,
            body: None,
        }
    }

    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Internal(error.into()))?;
        let body = Some(body);
        Ok(Self {
            status,
            body,
            ..Self::no_content()
        })
    }

    /// 201, with where the new row is.
    pub fn created<R: Resource>(found: Found<R::Row>) -> Result<Self, Problem> {
        let location = format!("{BASE}/{}/{}", R::name(), found.id);
        let mut reply = Self::found::<R>(found, Deleted::Exclude, None)?;
        reply.status = StatusCode::CREATED;
        Ok(reply.with(LOCATION, location))
    }

    /// One row. Only some of its fields are a weaker likeness of it.
    pub fn found<R: Resource>(
        found: Found<R::Row>,
        deleted: Deleted,
        fields: Option<&[String]>,
    ) -> Result<Self, Problem> {
        let view = if found.is_full { "" } else { "p" };
        let tag = format!("{}{view}", found.version);
        let tag = match fields {
            None => EntityTag::new_strong(tag),
            Some(_) => EntityTag::new_weak(tag),
        };
        let row = Representation::<R::View>::of::<R>(found, deleted != Deleted::Exclude);
        let reply = match fields {
            None => Self::ok(&row),
            Some(fields) => Self::ok(&row.only(fields)?),
        };
        Ok(Self {
            tag: Some(tag),
            ..reply?
        })
    }

    pub fn page<R: Resource>(
        page: crud::Page<R::Row>,
        query: &ListQuery<R>,
        links: &Links,
    ) -> Result<Self, Problem> {
        let shows_deleted = query.deleted != Deleted::Exclude;
        let rows = page.rows.into_iter();
        let rows = rows.map(|found| Representation::<R::View>::of::<R>(found, shows_deleted));
        let links = links.header(page.next.as_deref(), page.prev.as_deref());
        let window = Window {
            limit: query.limit,
            next: page.next,
            prev: page.prev,
            total: page.total,
        };
        let reply = match &query.fields {
            None => {
                let data: Vec<_> = rows.collect();
                Self::ok(&Page { data, page: window })
            }
            Some(fields) => {
                let data = rows.map(|row| row.only(fields));
                let data = data.collect::<Result<Vec<_>, _>>()?;
                Self::ok(&Page { data, page: window })
            }
        };
        Ok(reply?.with(LINK, links))
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Responder for Reply {
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
            response.insert_header(header);
        }
        if let Some(tag) = self.tag {
            response.insert_header(ETag(tag));
        }
        cache::policy(request, &mut response);
        match self.body {
            Some(body) if !is_known => response.content_type("application/json").body(body),
            _ => response.finish(),
        }
    }
}
