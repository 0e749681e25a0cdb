//! The route that a request matches. Code that depends on the path uses this, so that `/%61uth` is treated as `/auth`.
use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest, dev::ServiceRequest};

use super::BASE;

/// The pattern of a route, such as `/api/v1/posts/{id}`; empty if no route has the path.
#[derive(Debug, Clone)]
pub struct MatchedRoute(Rc<str>);

impl MatchedRoute {
    /// Finds the route before the router runs, by the percent-decoded path that the router uses.
    pub fn find(request: &ServiceRequest) -> Self {
        let path = request.match_info().as_str();
        let pattern = request.resource_map().match_pattern(path);
        Self(pattern.unwrap_or_default().into())
    }

    /// Returns the route that the outermost middleware found.
    pub fn from_request(request: &HttpRequest) -> Self {
        let found = request.extensions().get().cloned();
        found.unwrap_or_else(|| Self("".into()))
    }

    pub fn pattern(&self) -> &str {
        &self.0
    }

    /// Returns true if the route is about the account of its caller.
    pub fn is_account(&self) -> bool {
        let rest = self.0.strip_prefix(BASE);
        rest.is_some_and(|rest| rest.starts_with("/auth/"))
    }
}
