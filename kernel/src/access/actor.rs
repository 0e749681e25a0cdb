//! The actor on whose behalf something is done, with its permissions.
use super::permission::{Action, Grants, Permission, Reach};

#[derive(Debug, Clone, Hash)]
pub enum Actor {
    /// A caller that is not signed in.
    Anonymous,
    User(Caller),
    /// The operator's command line and the service itself, which may do everything.
    System,
}

/// A signed-in user, as of this request.
#[derive(Debug, Clone, Hash)]
pub struct Caller {
    pub user_id: i64,
    pub credential: Credential,
    pub is_superuser: bool,
    pub grants: Grants,
    /// The scopes of an API key. None for a sign-in, which has all permissions of its user.
    pub scopes: Option<Grants>,
    /// The requirement that the caller must meet before the grants apply.
    pub withheld: Option<Withheld>,
}

/// A requirement that a caller does not meet yet, and what is withheld until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Withheld {
    /// A role of the caller requires a second factor. All but the account is withheld.
    SecondFactor,
    /// The e-mail address must be verified. Changes of anything but the account are withheld.
    Verification,
}

/// The credential that a caller sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// The id of a sign-in.
    Session(i64),
    /// The id of an API key. A key may do part of what its owner may, and nothing to the account.
    ApiKey(i64),
}

impl Caller {
    /// Returns the caller with the permissions that both the caller and `scopes` cover, as an API key has them.
    #[must_use]
    pub fn limited_to(self, scopes: &Grants) -> Self {
        let everything = Permission::new("*");
        let held = if self.is_superuser {
            [everything.clone()].into_iter().collect()
        } else {
            self.grants
        };
        Self {
            is_superuser: self.is_superuser && scopes.covers(&everything),
            grants: held.intersection(scopes),
            scopes: Some(scopes.clone()),
            ..self
        }
    }

    /// Returns the permissions that the credential gives. `owner_rights` are what owners may do without a permission: an
    /// API key gives those of them that its scopes cover.
    #[must_use]
    pub fn permissions(&self, owner_rights: &[Permission]) -> Grants {
        let covered = |scopes: &Grants| {
            let rights = owner_rights.iter().cloned();
            rights
                .filter(|right| scopes.covers(right) && !self.grants.covers(right))
                .collect::<Vec<_>>()
        };
        let rights = self.scopes.as_ref().map(covered).unwrap_or_default();
        self.grants.iter().cloned().chain(rights).collect()
    }
}

impl Caller {
    /// Returns the names of [`Caller::permissions`], sorted. A superuser has `*`.
    pub fn permission_names(&self, owner_rights: &[Permission]) -> Vec<String> {
        if self.is_superuser {
            return vec!["*".to_owned()];
        }
        let permissions = self.permissions(owner_rights);
        permissions.iter().map(ToString::to_string).collect()
    }
}

impl Credential {
    pub fn session(self) -> Option<i64> {
        match self {
            Self::Session(id) => Some(id),
            Self::ApiKey(_) => None,
        }
    }
}

impl Actor {
    /// Returns the actor with this requirement unmet.
    #[must_use]
    pub fn with_withheld(self, withheld: Option<Withheld>) -> Self {
        match self {
            Self::User(caller) => Self::User(Caller { withheld, ..caller }),
            other => other,
        }
    }

    pub fn user_id(&self) -> Option<i64> {
        match self {
            Self::User(caller) => Some(caller.user_id),
            Self::Anonymous | Self::System => None,
        }
    }

    /// Returns the user whose rows the caller may act on as their owner, without a permission. A sign-in has that right; an API
    /// key has it only if its scopes cover `<resource>.<action>.own`.
    pub fn owner(&self, resource: &str, action: Action) -> Option<i64> {
        let caller = self.caller()?;
        let has_right = caller
            .scopes
            .as_ref()
            .is_none_or(|scopes| scopes.reach(resource, action) > Reach::None);
        has_right.then_some(caller.user_id)
    }

    /// Returns true if the rows of this user are the actor's own.
    pub fn is_owner(&self, owner: Option<i64>) -> bool {
        self.user_id().is_some_and(|me| owner == Some(me))
    }

    pub fn caller(&self) -> Option<&Caller> {
        match self {
            Self::User(caller) => Some(caller),
            Self::Anonymous | Self::System => None,
        }
    }

    pub fn is_superuser(&self) -> bool {
        match self {
            Self::User(caller) => caller.is_superuser,
            Self::System => true,
            Self::Anonymous => false,
        }
    }

    pub fn reach(&self, resource: &str, action: Action) -> Reach {
        match self {
            _ if self.is_superuser() => Reach::All,
            Self::User(caller) => caller.grants.reach(resource, action),
            Self::Anonymous | Self::System => Reach::None,
        }
    }

    pub fn holds(&self, permission: &Permission) -> bool {
        self.is_superuser()
            || self
                .caller()
                .is_some_and(|caller| caller.grants.covers(permission))
    }
}
