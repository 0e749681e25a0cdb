//! The HTTP layer that every resource shares: the checks of a request, their order, and the form of every answer.
mod access_policy;
mod answer;
mod body;
mod bulk;
mod cache;
mod call;
mod concurrency;
pub mod cookie;
mod csrf;
mod device;
mod download;
mod export;
mod heavy_reads;
mod idempotency;
mod import;
pub(crate) mod json;
mod json_size;
mod kind;
mod limit;
mod link;
mod matched_route;
mod middleware;
mod precondition;
mod problem;
mod query;
mod relation;
mod reply;
mod representation;
mod resource;
mod response_body;
mod route;
mod security_headers;
mod shape;
mod slot;
mod stats;
mod time;
mod upload;

pub use access_policy::{AccessPolicies, AccessPolicy, RowRule, Rule};
pub use answer::{
    Accepted, Answer, Created, CreatedOrAccepted, CreatedRow, DeletedRow, NoContent, Ok, Page, Row,
};
pub use body::{Body, Limits, NoBody, OptionalBody};
pub use call::{Call, PublicUrl, parse_ids};
pub use concurrency::Concurrency;
pub use csrf::{Origins, check_origin};
pub use device::device_cookie;
pub use download::Download;
pub use heavy_reads::HeavyReads;
pub use idempotency::{Replayable, UnderRow};
pub use kind::Kind;
pub use link::Links;
pub use middleware::{RequestGuard, guard_request, trace_request};
pub use problem::Problem;
pub use query::{KeepCurrent, ListParams, NoQuery, Query, RowParams};
pub use relation::Relations;
pub use reply::{Reply, StoredReply};
pub use representation::{Representation, RowView, StateView, Window};
pub use resource::{Listed, Resource, resource};
pub use response_body::SharedBody;
pub use route::{Route, mount};
pub use time::Time;

/// The derives of every view.
pub use schemars::JsonSchema;
pub use serde::Serialize;

/// The path prefix of the API.
pub const BASE: &str = "/api/v1";
