//! Access control. It has three questions, and every resource has a method for each:
//!
//! - `could(actor, action)`: whether the actor could ever do this to some row, asked before a row is known;
//! - `authorize(reads, action, rows)`: whether the actor may do this to these rows;
//! - `visible(actor)`: the SQL condition for the rows that the actor sees.
//!
//! A resource writes `visible`. The defaults of the others are [`PermissionRules`], which follow from permissions and ownership
//! alone; a resource overrides them to add a rule of its own. `authorize` exists only if clients can change the rows.
pub mod actor;
pub mod permission;
mod rights;
mod rules;

pub use actor::Actor;
pub use rights::Rights;
pub use rules::PermissionRules;

use permission::Action;

/// The way in which a request accesses a row.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    Read,
    /// The request does the action to a live row.
    Live(Action),
    /// The request does the action to a deleted row.
    Deleted(Action),
    History,
    Impact,
    Revert,
}

impl Access {
    /// Returns the action whose permission is missing if an actor could not have this access.
    pub fn action(self) -> Action {
        match self {
            Self::Read => Action::Read,
            Self::Live(action) | Self::Deleted(action) => action,
            Self::History => Action::Audit,
            Self::Impact => Action::Delete,
            Self::Revert => Action::Update,
        }
    }

    /// Returns true if an actor could have this access to some row. `could` tells which actions the actor could do.
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
