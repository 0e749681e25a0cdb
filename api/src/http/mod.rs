//! HTTP as every resource uses it: what a request must pass, in which order, and what every answer looks like.
mod answer;
mod body;
mod bulk;
mod cache;
mod call;
pub mod cookie;
mod csrf;
mod device;
mod download;
mod export;
mod heavy;
mod import;
pub(crate) mod json;
mod kind;
mod limit;
mod link;
mod matched;
mod middleware;
mod once;
mod outgoing;
mod places;
mod precondition;
mod problem;
mod query;
mod relation;
mod reply;
mod representation;
mod resource;
mod route;
mod rules;
mod safety;
mod shown;
mod size;
mod slot;
mod stats;
mod time;
mod upload;

pub use answer::{
    Accepted, Answer, Created, CreatedOrAccepted, Deleted, Is, Made, Many, Nothing, One,
};
pub use body::{Body, Limits, Maybe, NoBody};
pub use call::{Call, PublicUrl, ids};
pub use csrf::{Origins, from_here};
pub use device::device_cookie;
pub use download::Download;
pub use heavy::HeavyReads;
pub use kind::Kind;
pub use link::Links;
pub use middleware::{Gate, guard, seal};
pub use once::{Again, Beneath};
pub use outgoing::Shared;
pub use places::Places;
pub use problem::Problem;
pub use query::{KeepCurrent, ListOf, NoQuery, Query, Show};
pub use relation::Relations;
pub use reply::{Kept, Reply};
pub use representation::{Representation, Window};
pub use resource::{Resource, resource};
pub use route::{Route, mount};
pub use rules::{Passage, RowRule, Rule, Rules};
pub use time::Time;

/// What views are made with.
pub use schemars::JsonSchema;
pub use serde::Serialize;

/// Where the API begins.
pub const BASE: &str = "/api/v1";
