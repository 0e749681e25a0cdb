//! Rules: who may use a route. A route states its rule once: requests are checked by it, `GET /auth/explain` runs it for
//! other callers, and the OpenAPI document derives failures from it.
use std::{pin::Pin, sync::Arc};

use kernel::{
    Actor, CrudOperations, Error, Readable, Session,
    access::Access,
    permission::{Action, Permission},
};

use crate::resource::{Resource, Writable};

type Verdict<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// Checks whether the session's actor could do this to the rows with these ids. Fails as the request itself would.
pub type RowRule = Arc<dyn for<'a> Fn(&'a Session, &'a [i64]) -> Verdict<'a> + Send + Sync>;

/// States who may use a route.
#[derive(Clone)]
pub struct Rule {
    could: Arc<dyn Fn(&Actor) -> bool + Send + Sync>,
    /// The name of a permission that would help a caller who could not be allowed.
    permission: Option<Arc<str>>,
    rows: Option<RowRule>,
    /// Whether the operation of the handler checks the rows itself, in the statement or the transaction that uses them.
    is_checked_by_operation: bool,
    /// The access to the row that the path names, if it is one of those that every resource has.
    access: Option<Access>,
}

impl Rule {
    /// Allows every caller, signed in or not.
    pub fn public() -> Self {
        Self::when(|_| true)
    }

    /// Allows every user, signed in or with an API key.
    pub fn user() -> Self {
        Self::when(|actor| actor.user_id().is_some())
    }

    /// Allows callers with this permission.
    pub fn permission(name: &'static str) -> Self {
        let holds = Self::when(move |actor| actor.holds(&Permission::new(name)));
        holds.naming(name)
    }

    /// Allows callers who could do this to some row of `V`.
    pub fn action<V: Resource>(action: Action) -> Self {
        let permission = V::Service::permission_rules().permission(action, true);
        Self::when(move |actor| V::Service::could(actor, action)).naming(&permission)
    }

    /// Allows callers who have this access to the row of `V` that the first id in the path names. The operation of the
    /// handler checks the row.
    pub fn row<V: Writable>(access: Access) -> Self {
        let permission = V::Service::permission_rules().permission(access.action(), true);
        let could =
            Self::when(move |actor| access.could(|action| V::Service::could(actor, action)));
        Self {
            is_checked_by_operation: true,
            ..could.naming(&permission).on_row::<V>(access)
        }
    }

    /// Allows callers for whom the function returns true. It runs before a row is known.
    pub fn when(could: impl Fn(&Actor) -> bool + Send + Sync + 'static) -> Self {
        Self {
            could: Arc::new(could),
            permission: None,
            rows: None,
            is_checked_by_operation: false,
            access: None,
        }
    }

    fn naming(self, permission: &str) -> Self {
        Self {
            permission: Some(permission.into()),
            ..self
        }
    }

    /// Also requires this access to the row of `V` that the first id in the path names. It is checked before the handler
    /// runs.
    #[must_use]
    pub fn on_row<V: Writable>(self, access: Access) -> Self {
        let rule = self.on_rows(move |session, ids| {
            let id = ids.first().copied().unwrap_or_default();
            Box::pin(V::Service::dry_run(session, access, id))
        });
        Self {
            access: Some(access),
            ..rule
        }
    }

    /// Adds a check of the rows that the path names, or of the configuration. It runs before the handler.
    #[must_use]
    pub fn on_rows(
        self,
        rows: impl for<'a> Fn(&'a Session, &'a [i64]) -> Verdict<'a> + Send + Sync + 'static,
    ) -> Self {
        Self {
            rows: Some(Arc::new(rows)),
            ..self
        }
    }

    /// Leaves the check of the rows to the operation of the handler, which makes it anyway.
    #[must_use]
    pub fn checked_by_operation(self) -> Self {
        Self {
            is_checked_by_operation: true,
            ..self
        }
    }

    /// Returns true if the actor could be allowed, before a row is known.
    pub fn could(&self, actor: &Actor) -> bool {
        (self.could)(actor)
    }

    /// Returns the error for a caller who could not be allowed.
    pub fn forbidden(&self) -> Error {
        Error::forbidden(match &self.permission {
            Some(permission) => format!("this needs the permission {permission}"),
            None => "you may not do this".to_owned(),
        })
    }

    /// Returns the check of the rows, if there is one.
    pub fn rows(&self) -> Option<&RowRule> {
        self.rows.as_ref()
    }

    /// Returns the check of the rows that must run before the handler.
    pub fn rows_before_handler(&self) -> Option<&RowRule> {
        self.rows().filter(|_| !self.is_checked_by_operation)
    }

    /// Returns true if the operation of the handler changes the one row that the path names.
    pub fn changes_row(&self) -> bool {
        let is_change = |access| {
            matches!(
                access,
                Access::Live(_) | Access::Deleted(_) | Access::Revert
            )
        };
        self.is_checked_by_operation && self.access.is_some_and(is_change)
    }

    /// Returns true if the rule forbids access to some rows that the caller sees.
    pub fn may_forbid_row(&self) -> bool {
        self.access
            .is_some_and(|access| !matches!(access, Access::Read))
    }
}
