//! The generic HTTP half: the checks of a request, their order, and the form of every answer.
//!
//! It serves the resources of an application that it does not know: [`resource`] returns the routes of one, [`Route::new`] makes
//! a route with a handler of your own, and [`Http`] serves them. [`application`] has everything that it asks the application for.
mod access;
pub mod application;
mod audit;
mod cache;
mod call;
pub mod cookie;
mod document;
mod draining;
mod handlers;
mod json;
pub mod listener;
pub mod load;
mod meta;
mod metrics;
mod middleware;
pub mod openapi;
pub mod prelude;
mod problem;
pub mod proxies;
pub mod rate;
mod reply;
mod request;
mod resource;
mod route;
pub mod server;
pub mod settings;
mod signals;
mod time;
mod traces;
pub mod transfer;

pub use access::{AccessPolicies, AccessPolicy, RowRule, Rule};
pub use application::{Application, Fixed};
pub use audit::AuditView;
pub use cache::is_not_modified;
pub use call::{
    AnswerPatch, Body, Call, ListParams, NoBody, NoQuery, OptionalBody, Origins, Query, RowParams,
    check_origin, parse_ids,
};
pub use document::{About, document};
pub use draining::Draining;
pub use handlers::{meta, resource, stats};
pub use json::{ObjectWriter, Patched};
pub use middleware::SharedBody;
pub use problem::{Kind, Problem};
pub use reply::{
    Answer, Created, CreatedRow, DeletedRow, Download, NoContent, Ok, Page, Replayable, Reply, Row,
    StoredReply,
};
pub use resource::{PageInfo, Representation, Resource, Shown, Writable};
pub use route::{Route, transfers};
pub use server::{Http, Server};
pub use time::Time;
pub use traces::Traces;

/// The path prefix of the API.
pub const BASE: &str = "/api/v1";

/// The path prefix of the routes about the account of their caller. They may answer with tokens, so their answers are never
/// stored: neither by caches nor under an idempotency key. They have a rate limit of their own.
pub const ACCOUNT: &str = "/api/v1/auth/";
