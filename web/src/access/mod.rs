//! The rules about who may use a route, and the access policies of all routes.
mod policy;
mod rule;

pub use policy::{AccessPolicies, AccessPolicy, precedence};
pub use rule::{RowRule, Rule};
