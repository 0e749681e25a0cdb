//! Decides access by the owner column of a row.
use sea_orm::{ModelTrait, Value};

use super::{Column, Crud, Model, Readable};
use crate::{Actor, Result, permission::Action};

/// Returns the id of the user whom `.own` permissions on this row mean.
pub fn owner<C: Readable>(row: &Model<C>) -> Option<i64> {
    match row.get(C::OWNER?) {
        Value::BigInt(id) => id,
        _ => None,
    }
}

/// Fails unless a permission of the actor allows this on the row.
pub fn require_permission<C: Readable>(
    actor: &Actor,
    action: Action,
    row: &Model<C>,
) -> Result<()> {
    C::permission_rules().authorize(actor, action, owner::<C>(row))
}

/// Returns true if the actor sees the private fields of this row.
pub fn shows_private<C: Readable>(actor: &Actor, row: &Model<C>) -> bool {
    PrivateView::new::<C>(actor).includes::<C>(row)
}

/// The rows of a resource whose private fields an actor sees. It is made once for many rows.
pub struct PrivateView {
    all: bool,
    /// The user whose rows are among them.
    owner: Option<i64>,
}

impl PrivateView {
    pub fn new<C: Readable>(actor: &Actor) -> Self {
        let rules = C::permission_rules();
        let is_shown = |owner: &i64| rules.shows_private(actor, Some(*owner));
        Self {
            all: rules.shows_private(actor, None),
            owner: actor.user_id().filter(is_shown),
        }
    }

    pub fn includes<C: Readable>(&self, row: &Model<C>) -> bool {
        self.all || (self.owner.is_some() && owner::<C>(row) == self.owner)
    }
}

/// Returns the owner column if the service fills it in on create.
pub fn author<C: Crud>() -> Option<Column<C>> {
    C::OWNER.filter(|_| author_column::<C>().is_some())
}

/// Returns the name of the column that is set to the actor on create.
pub fn author_column<C: Crud>() -> Option<&'static str> {
    C::permission_rules().author()
}
