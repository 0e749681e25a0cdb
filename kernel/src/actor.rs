//! On whose behalf something is done.
use crate::permission::{Action, Grants, Permission, Reach};

#[derive(Debug, Clone)]
pub enum Actor {
    /// Nobody signed in.
    Anonymous,
    User(Caller),
    /// The operator's command line and the service itself: may do everything.
    System,
}

/// A signed-in user, as of this request.
#[derive(Debug, Clone)]
pub struct Caller {
    pub user_id: i64,
    pub credential: Credential,
    pub is_superuser: bool,
    pub grants: Grants,
    /// The scopes of an API key. None for a sign-in, which lends everything.
    pub scopes: Option<Grants>,
    /// What they have to do before they may do what their grants say.
    pub withheld: Option<Withheld>,
}

/// Why somebody is kept from what they may do, and from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// From all but their account, until they have a second factor, which a role of theirs asks for.
    SecondFactor,
    /// From changing anything but their account, until their address is verified.
    Verification,
}

/// What a caller proves who they are with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A sign-in, by its id.
    Session(i64),
    /// An API key, by its id: it may do part of what its owner may, and nothing to the account.
    ApiKey(i64),
}

impl Caller {
    /// What is left of what they may where only `scopes` are lent: by a superuser all of these.
    #[must_use]
    pub fn within(self, scopes: &Grants) -> Self {
        let everything = Permission::new("*");
        let held = match self.is_superuser {
            true => [everything.clone()].into_iter().collect(),
            false => self.grants,
        };
        Self {
            is_superuser: self.is_superuser && scopes.cover(&everything),
            grants: held.and(scopes),
            scopes: Some(scopes.clone()),
            ..self
        }
    }
}

impl Caller {
    /// The permissions that the credential gives. `owner_rights` are what owners may do without a permission: an API key
    /// gives those of them that its scopes cover.
    #[must_use]
    pub fn lent(&self, owner_rights: &[Permission]) -> Grants {
        let covered = |scopes: &Grants| {
            let rights = owner_rights.iter().cloned();
            rights
                .filter(|right| scopes.cover(right) && !self.grants.cover(right))
                .collect::<Vec<_>>()
        };
        let rights = self.scopes.as_ref().map(covered).unwrap_or_default();
        self.grants.iter().cloned().chain(rights).collect()
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
    /// The same, from whom something is withheld.
    #[must_use]
    pub fn kept_from(self, withheld: Option<Withheld>) -> Self {
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

    /// The user whose rows the caller may act on because they are theirs, without a permission. A sign-in lends that
    /// right; an API key lends it only where its scopes cover `<resource>.<action>.own`.
    pub fn owner(&self, resource: &str, action: Action) -> Option<i64> {
        let caller = self.caller()?;
        let is_lent = caller
            .scopes
            .as_ref()
            .is_none_or(|scopes| scopes.reach(resource, action) > Reach::None);
        is_lent.then_some(caller.user_id)
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
                .is_some_and(|caller| caller.grants.cover(permission))
    }
}
