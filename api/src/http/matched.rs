//! The route that a request matches. Code that decides by path asks here, so that `/%61uth` is treated as `/auth`.
use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest, dev::ServiceRequest};

use super::BASE;

/// The pattern of a route, such as `/api/v1/posts/{id}`; empty where no route has the path.
#[derive(Debug, Clone)]
pub struct Matched(Rc<str>);

impl Matched {
    /// Found before routing, by the path that the router reads: with its percent-encoding undone.
    pub fn find(request: &ServiceRequest) -> Self {
        let path = request.match_info().as_str();
        let pattern = request.resource_map().match_pattern(path);
        Self(pattern.unwrap_or_default().into())
    }

    /// The route that the outermost middleware found.
    pub fn of(request: &HttpRequest) -> Self {
        let found = request.extensions().get().cloned();
        found.unwrap_or_else(|| Self("".into()))
    }

    pub fn pattern(&self) -> &str {
        &self.0
    }

    /// Whether it is about the account of its caller.
    pub fn is_account(&self) -> bool {
        let rest = self.0.strip_prefix(BASE);
        rest.is_some_and(|rest| rest.starts_with("/auth/"))
    }
}
