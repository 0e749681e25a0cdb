//! Explains why a user may or may not make a request. It runs the request's own check for actors with fewer or more
//! permissions, so that there is no second copy of the rules.
use ::entity::users::{Column, Model};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{
    identity,
    identity::Users,
    identity::roles::{self, Granted},
};
use kernel::{
    Actor, Code, Error, Reads, Result, Session,
    actor::{Caller, Credential},
    permission::{Grants, Permission},
    resource::scope,
};

mod minimal_set;

/// An id that no user has.
const NO_USER: i64 = 0;

/// The reason for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Everyone may, signed in or not.
    Public,
    /// Every signed-in user may.
    SignedIn,
    /// The row belongs to the user.
    Owner,
    /// The permissions that the user holds allow it, or the missing ones would.
    Permission,
    /// Only superusers may.
    Superuser,
    /// The account is deleted or inactive.
    Account,
    /// Nobody may: the row does not exist, or the configuration forbids the request.
    Nobody,
    /// The user may, but the API key lacks a scope, or no API key may.
    Scope,
}

/// A permission and the live roles that grant it.
#[derive(Debug)]
pub struct Source {
    pub permission: Permission,
    pub roles: Vec<String>,
}

#[derive(Debug)]
pub struct Explanation {
    /// The error that the request would get; `None` if it is allowed.
    pub refusal: Option<Error>,
    pub ground: Ground,
    /// The permissions of the user that decide the answer.
    pub held: Vec<Source>,
    /// The smallest set of permissions that would allow the request.
    pub missing: Vec<Source>,
}

/// Explains whether a user passes `check`, and why; without a user, it explains that for an anonymous caller. `check` fails
/// as the request would. `scopes` are the scopes of an API key that the user would send.
///
/// Fails with [`Error::Query`] if there is no user with this id, neither live nor deleted.
pub async fn explain(
    session: &Session,
    user_id: Option<i64>,
    scopes: Option<Grants>,
    check: impl AsyncFn(&Session) -> Result<()>,
) -> Result<Explanation> {
    let explainer = Explainer { session, check };
    let Some(id) = user_id else {
        return explainer.explain_anonymous().await;
    };
    let user = user(session, id).await?;
    if user.deleted_at.is_some() || !user.is_active {
        return Ok(Explanation::new(
            Some(Error::Unauthenticated),
            Ground::Account,
        ));
    }
    let explanation = explainer.explain_user(&user).await?;
    match scopes {
        Some(scopes) if explanation.refusal.is_none() => {
            explainer.explain_key(&user, &scopes, explanation).await
        }
        _ => Ok(explanation),
    }
}

/// Finds a live or deleted user.
async fn user(session: &Session, id: i64) -> Result<Model> {
    let all = scope::all::<Users>();
    let user = all.filter(Column::Id.eq(id)).one(session.db()?).await?;
    user.ok_or_else(|| Error::parameter("user_id", Code::NotFound, "user not found"))
}

impl Explanation {
    fn new(refusal: Option<Error>, ground: Ground) -> Self {
        Self {
            refusal,
            ground,
            held: Vec::new(),
            missing: Vec::new(),
        }
    }
}

struct Explainer<'a, F> {
    session: &'a Session,
    check: F,
}

impl<F: AsyncFn(&Session) -> Result<()>> Explainer<'_, F> {
    async fn explain_anonymous(&self) -> Result<Explanation> {
        match self.refusal(Actor::Anonymous).await? {
            None => Ok(Explanation::new(None, Ground::Public)),
            Some(refusal) if self.allows(NO_USER, &[]).await? => {
                Ok(Explanation::new(Some(refusal), Ground::SignedIn))
            }
            Some(refusal) => self.explain_refusal(refusal, NO_USER, &[]).await,
        }
    }

    async fn explain_user(&self, user: &Model) -> Result<Explanation> {
        let roles = roles::granted(self.session.db()?, Some(user.id)).await?;
        let held = roles.iter().flat_map(|role| role.permissions.clone());
        let held: Vec<_> = held.collect();
        let actor = actor(user.id, user.is_superuser, &held);
        let withheld = identity::withheld_for_user(self.session, user.id).await?;
        let with_requirements = self.refusal(actor.clone().with_withheld(withheld)).await?;
        let refusal = self.refusal(actor).await?;
        if let (Some(refusal), None) = (with_requirements, &refusal) {
            return Ok(Explanation::new(Some(refusal), Ground::Account));
        }
        if let Some(refusal) = refusal {
            return if user.is_superuser {
                Ok(Explanation::new(Some(refusal), Ground::Nobody))
            } else {
                self.explain_refusal(refusal, user.id, &held).await
            };
        }
        let ground = if self.refusal(Actor::Anonymous).await?.is_none() {
            Ground::Public
        } else if self.allows(NO_USER, &[]).await? {
            Ground::SignedIn
        } else if self.allows(user.id, &[]).await? {
            Ground::Owner
        } else if user.is_superuser {
            Ground::Superuser
        } else {
            Ground::Permission
        };
        let mut explanation = Explanation::new(None, ground);
        if ground == Ground::Permission {
            let needed = self.minimal_set(user.id, &[], held).await?;
            explanation.held = sources(&roles, needed);
        }
        Ok(explanation)
    }

    /// Explains, for a request that the user may make, whether an API key with these scopes may, and which scopes it lacks.
    async fn explain_key(
        &self,
        user: &Model,
        scopes: &Grants,
        allowed: Explanation,
    ) -> Result<Explanation> {
        let roles = roles::granted(self.session.db()?, Some(user.id)).await?;
        let held = roles.iter().flat_map(|role| role.permissions.clone());
        let owner = caller(user.id, user.is_superuser, held.collect());
        let asked = async |scopes: &Grants| {
            let key = Caller {
                credential: Credential::ApiKey(NO_USER),
                ..owner.clone()
            };
            self.refusal(Actor::User(key.limited_to(scopes))).await
        };
        let Some(refusal) = asked(scopes).await? else {
            return Ok(allowed);
        };
        let mut missing: Vec<_> = self
            .session
            .kernel()
            .registry()
            .permissions()
            .iter()
            .map(Permission::new)
            .collect();
        let with = |more: &[Permission]| scopes.iter().chain(more).cloned().collect::<Grants>();
        let mut explanation = Explanation::new(Some(refusal), Ground::Scope);
        if asked(&with(&missing)).await?.is_some() {
            return Ok(explanation);
        }
        // Remove every scope that is not needed, wide ones first, so that the narrowest remain.
        missing.sort_by_key(|scope| {
            let text = scope.to_string();
            let last = text.rsplit('.').next();
            (last != Some("*"), last == Some("own"))
        });
        let mut place = 0;
        while place < missing.len() {
            let scope = missing.remove(place);
            if asked(&with(&missing)).await?.is_some() {
                missing.insert(place, scope);
                place += 1;
            }
        }
        explanation.missing = sources(&[], missing);
        Ok(explanation)
    }

    /// Explains a refusal by the permissions that would be needed.
    async fn explain_refusal(
        &self,
        refusal: Error,
        user: i64,
        held: &[Permission],
    ) -> Result<Explanation> {
        let all = self
            .session
            .kernel()
            .registry()
            .permissions()
            .iter()
            .map(Permission::new);
        let all: Vec<_> = all.collect();
        if !self.allows(user, &all).await? {
            let by_superuser = self.refusal(actor(user, true, &[])).await?;
            let ground = match by_superuser {
                None => Ground::Superuser,
                Some(_) => Ground::Nobody,
            };
            return Ok(Explanation::new(Some(refusal), ground));
        }
        let missing = self.minimal_set(user, held, all).await?;
        let is_covered = |permission: &&Permission| {
            let mut missing = missing.iter();
            missing.any(|missing| missing.covers(permission))
        };
        let close: Vec<_> = held.iter().filter(is_covered).cloned().collect();
        let roles = roles::granted(self.session.db()?, None).await?;
        let user_roles = match user {
            NO_USER => Vec::new(),
            user => roles::granted(self.session.db()?, Some(user)).await?,
        };
        Ok(Explanation {
            held: sources(&user_roles, close),
            missing: sources(&roles, missing),
            ..Explanation::new(Some(refusal), Ground::Permission)
        })
    }

    async fn allows(&self, user: i64, held: &[Permission]) -> Result<bool> {
        let refusal = self.refusal(actor(user, false, held)).await?;
        Ok(refusal.is_none())
    }

    /// Runs the check for this actor and returns its refusal. A conflict with the state of a row is not a refusal.
    async fn refusal(&self, actor: Actor) -> Result<Option<Error>> {
        match (self.check)(&self.session.acting_as(actor)).await {
            Err(refusal @ (Error::NotFound | Error::Unauthenticated | Error::Forbidden(_))) => {
                Ok(Some(refusal))
            }
            Err(error) if !error.is_refusal() => Err(error),
            _ => Ok(None),
        }
    }
}

fn actor(user_id: i64, is_superuser: bool, held: &[Permission]) -> Actor {
    let grants: Grants = held.iter().cloned().collect();
    Actor::User(caller(user_id, is_superuser, grants))
}

fn caller(user_id: i64, is_superuser: bool, grants: Grants) -> Caller {
    Caller {
        user_id,
        credential: Credential::Session(NO_USER),
        is_superuser,
        grants,
        scopes: None,
        withheld: None,
    }
}

fn sources(roles: &[Granted], mut permissions: Vec<Permission>) -> Vec<Source> {
    permissions.sort();
    permissions.dedup();
    let gives = |role: &&Granted, permission: &Permission| {
        let mut given = role.permissions.iter();
        given.any(|given| given.covers(permission))
    };
    let source = |permission: Permission| {
        let roles = roles.iter().filter(|role| gives(role, &permission));
        Source {
            roles: roles.map(|role| role.role.clone()).collect(),
            permission,
        }
    };
    permissions.into_iter().map(source).collect()
}
