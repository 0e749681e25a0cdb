//! What the middleware finds out about a request.
use std::{net::IpAddr, rc::Rc};

use actix_web::{HttpMessage, HttpRequest, dev::ServiceRequest};

use crate::ACCOUNT;

/// The id of a request in the log, the answer and the audit log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The time when the head of a request was read.
#[derive(Debug, Clone, Copy)]
pub struct Arrival(pub tokio::time::Instant);

/// The client's address; None if the connection has none.
#[derive(Debug, Clone, Copy)]
pub struct Address(pub Option<IpAddr>);

/// The pattern of the route that a request matches, such as `/api/v1/books/{id}`; empty if no route has the path. Code that
/// depends on the path uses this, so that `/%61uth` is treated as `/auth`.
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
        self.0.starts_with(ACCOUNT)
    }
}
