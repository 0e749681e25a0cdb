//! Who may use a route, and which routes there are to use.
mod policy;
mod rule;

pub use policy::{AccessPolicies, AccessPolicy, precedence};
pub use rule::{RowRule, Rule};
