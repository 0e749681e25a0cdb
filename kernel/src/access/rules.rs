//! The rules of access that follow from permissions and from the owner of a row.
use sea_orm::{
    Condition,
    sea_query::{Expr, ExprTrait},
};

use super::{
    Actor,
    permission::{Action, Reach},
};
use crate::{Error, Result, entity::deletions, plain::plain_as};

/// The rules about the rows of a resource that follow from permissions.
#[derive(Debug, Clone, Copy)]
pub struct PermissionRules {
    /// The name of the table and of its permissions.
    pub resource: &'static str,
    /// The column that `.own` permissions compare with the actor's id.
    pub owner: Option<&'static str>,
    /// True if callers who are not signed in may read some rows.
    pub is_public: bool,
}

impl PermissionRules {
    /// Returns the owner column if the service fills it in on create. It does not if the owner is the row itself.
    pub fn author(&self) -> Option<&'static str> {
        self.owner.filter(|owner| *owner != "id")
    }

    /// Returns every permission that exists for the resource. A new row that is its own owner cannot belong to the caller, so
    /// there is no permission to create one's own.
    pub fn permissions(&self) -> Vec<String> {
        let name = self.resource;
        let all = Action::ALL.map(|action| self.permission(action, false));
        let own = Action::ALL
            .into_iter()
            .filter(|action| self.has_own(*action));
        let own = own.map(|action| self.permission(action, true));
        [format!("{name}.*")]
            .into_iter()
            .chain(all)
            .chain(own)
            .collect()
    }

    /// Returns true if the actor could do this to some row.
    pub fn could(&self, actor: &Actor, action: Action) -> bool {
        let reach = actor.reach(self.resource, action);
        match action {
            Action::Read if self.is_public => true,
            Action::Create if self.author().is_none() => reach == Reach::All,
            _ => reach > Reach::None,
        }
    }

    /// Fails unless a permission of the actor allows this on a row that belongs to this user.
    pub fn authorize(&self, actor: &Actor, action: Action, owner: Option<i64>) -> Result<()> {
        let is_allowed = match actor.reach(self.resource, action) {
            Reach::All => true,
            Reach::Own => actor.is_owner(owner),
            Reach::None => false,
        };
        if is_allowed {
            Ok(())
        } else {
            Err(self.forbidden(action, actor.is_owner(owner)))
        }
    }

    /// Returns the error for an action on a row that belongs to the actor or, unless `is_own`, to somebody else. It names the
    /// permission that would allow the action.
    pub fn forbidden(&self, action: Action, is_own: bool) -> Error {
        let refused = match action {
            Action::Read => "you may not read this",
            Action::Create if is_own || self.author().is_none() => "you may not create this",
            Action::Create => "you may not create this for another user",
            Action::Update => "you may not change this",
            Action::Delete => "you may not delete this",
            Action::Restore => "you may not restore this",
            Action::Purge => "you may not purge this",
            Action::Audit => "you may not see this history",
        };
        let permission = self.permission(action, is_own);
        Error::forbidden(format!("{refused}; it needs the permission {permission}"))
    }

    /// Returns the name of the narrowest permission that allows an action on a row of this owner.
    pub fn permission(&self, action: Action, is_own: bool) -> String {
        let own = if is_own && self.has_own(action) {
            ".own"
        } else {
            ""
        };
        format!("{}.{}{own}", self.resource, action.as_str())
    }

    /// Returns true if there is a permission to do this to one's own rows.
    fn has_own(&self, action: Action) -> bool {
        match action {
            Action::Create => self.author().is_some(),
            _ => self.owner.is_some(),
        }
    }

    /// Returns true if the actor sees the private fields of a row that belongs to this user.
    pub fn shows_private(&self, actor: &Actor, owner: Option<i64>) -> bool {
        let has_owner_right = actor.owner(self.resource, Action::Read).is_some();
        (has_owner_right && actor.is_owner(owner))
            || actor.reach(self.resource, Action::Read) == Reach::All
    }

    /// Returns the condition for the live rows that the actor may read.
    pub fn visible(&self, actor: &Actor) -> Condition {
        if self.is_public || actor.reach(self.resource, Action::Read) == Reach::All {
            return Condition::all();
        }
        let me = actor.owner(self.resource, Action::Read);
        match self.owner.zip(me) {
            Some((owner, me)) => Condition::all().add(Expr::col((self.resource, owner)).eq(me)),
            None => Condition::any(),
        }
    }

    /// Returns the condition for the deleted rows to which the actor may do this. `.own` means rows of the actor that the actor
    /// deleted.
    pub fn visible_deleted(&self, actor: &Actor, action: Action) -> Condition {
        let reach = actor.reach(self.resource, action);
        match (reach, self.owner, actor.user_id()) {
            (Reach::All, _, _) => Condition::all(),
            (Reach::Own, Some(owner), Some(me)) => {
                let own_deletions = plain_as::<deletions::Entity>("deletions")
                    .column("id")
                    .and_where(Expr::col("actor_id").eq(me))
                    .take();
                let deletion = Expr::col((self.resource, "deletion_id"));
                Condition::all()
                    .add(Expr::col((self.resource, owner)).eq(me))
                    .add(deletion.in_subquery(own_deletions))
            }
            _ => Condition::any(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::SqliteQueryBuilder;

    use super::*;
    use crate::access::{
        actor::{Caller, Credential},
        permission::Permission,
    };

    fn rules(owner: &'static str) -> PermissionRules {
        PermissionRules {
            resource: "books",
            owner: Some(owner),
            is_public: false,
        }
    }

    fn holder(permission: &str) -> Actor {
        Actor::User(Caller {
            user_id: 1,
            credential: Credential::Session(1),
            is_superuser: false,
            grants: [Permission::new(permission)].into_iter().collect(),
            scopes: None,
            withheld: None,
        })
    }

    #[test]
    fn no_permission_creates_a_row_of_ones_own_that_is_its_own_owner() {
        let permission = "books.create.own";
        let exists = |owner| rules(owner).permissions().iter().any(|it| it == permission);
        let could = |owner| rules(owner).could(&holder(permission), Action::Create);

        assert!(exists("author_id") && could("author_id"));
        assert!(!exists("id") && !could("id"));
        assert!(rules("id").could(&holder("books.create"), Action::Create));
    }

    #[test]
    fn by_default_a_caller_reads_public_rows_their_own_and_those_of_a_permission() {
        let visible = |is_public, actor: &Actor| {
            let rules = PermissionRules {
                is_public,
                ..rules("author_id")
            };
            let rows = plain_as::<deletions::Entity>("books")
                .column("id")
                .cond_where(rules.visible(actor))
                .to_string(SqliteQueryBuilder);
            rows.split_once(" WHERE ").map(|(_, rows)| rows.to_owned())
        };
        let rows = |condition: &str| Some(condition.to_owned());

        assert_eq!(visible(true, &Actor::Anonymous), rows("TRUE"));
        assert_eq!(visible(false, &Actor::Anonymous), rows("FALSE"));
        assert_eq!(visible(false, &holder("books.read")), rows("TRUE"));
        let own = r#""books"."author_id" = 1"#;
        assert_eq!(visible(false, &holder("books.update")), rows(own));
    }

    #[test]
    fn a_permission_for_ones_own_rows_allows_nothing_on_those_of_others() {
        let rules = rules("author_id");
        let may = |permission: &str, owner| {
            rules
                .authorize(&holder(permission), Action::Update, owner)
                .is_ok()
        };

        assert!(may("books.update", Some(2)) && may("books.update.own", Some(1)));
        assert!(!may("books.update.own", Some(2)) && !may("books.update.own", None));
        assert!(!may("books.delete", Some(1)));
    }
}
