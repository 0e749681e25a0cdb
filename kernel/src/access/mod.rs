//! Who may do what. Access has three verbs, and every resource has a method for each:
//!
//! - `could(actor, action)`: whether the actor could ever do this to some row, asked before a row is known;
//! - `authorize(reads, action, rows)`: whether the actor may do this to these rows;
//! - `visible(actor)`: which rows the actor sees, as a condition of SQL.
//!
//! [`PermissionRules`] has the answers that follow from permissions and ownership alone. A resource overrides a method for
//! a rule of its own.
pub mod actor;
pub mod permission;
mod rules;

pub use actor::Actor;
pub use rules::{PermissionRules, forbidden};

use permission::Action;

/// Names the way in which a request reaches a row.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    Read,
    /// It comes to a live row, in order to do this to it.
    Live(Action),
    /// It comes to a deleted row, in order to do this to it.
    Deleted(Action),
    History,
    Impact,
    Revert,
}

impl Access {
    /// Whether an actor could have this access to some row. `could` tells which actions the actor could do.
    pub fn could(self, could: impl Fn(Action) -> bool) -> bool {
        match self {
            Self::Read => could(Action::Read),
            Self::Live(action) | Self::Deleted(action) => could(action),
            Self::History => could(Action::Audit),
            Self::Impact => could(Action::Delete) || could(Action::Purge),
            Self::Revert => could(Action::Update) && could(Action::Audit),
        }
    }
}
