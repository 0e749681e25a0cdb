//! Why somebody may do something, or may not: found by asking the rules themselves, on behalf of others who hold less
//! or more, and never by a second copy of them.
use ::entity::users::{Column, Model};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{
    Actor, Error, Reads, Result, Session, Users,
    actor::{Caller, Credential},
    auth,
    crud::{Deleted, everything, scope},
    permission::{Grants, Permission},
    roles::{self, Granted},
};

mod least;

/// Nobody has this id.
const STRANGER: i64 = 0;

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Anybody may, signed in or not.
    Public,
    /// Whoever is signed in may.
    SignedIn,
    /// It belongs to the user.
    Owner,
    /// Permissions: those held allow it, or those missing would.
    Permission,
    /// Superusers may, and nobody else.
    Superuser,
    /// The account is deleted or inactive.
    Account,
    /// Nobody may: there is no such row, or the configuration rules it out.
    Nobody,
    /// The user may, and the API key lacks a scope, or no key may.
    Scope,
}

/// A permission, and the live roles that give it.
#[derive(Debug)]
pub struct Source {
    pub permission: Permission,
    pub roles: Vec<String>,
}

#[derive(Debug)]
pub struct Explanation {
    /// How the request would fail; none where it is allowed.
    pub refusal: Option<Error>,
    pub ground: Ground,
    /// What the user holds of that on which the answer rests.
    pub held: Vec<Source>,
    /// The least that would have to be added.
    pub missing: Vec<Source>,
}

/// Says whether a user, or nobody where there is none, passes `check`, and why. `check` fails as the request does.
/// `scopes` are those of an API key that the user would come with.
///
/// Fails with [`Error::Query`] where there never was such a user, or is no more.
pub async fn explain(
    session: &Session,
    user_id: Option<i64>,
    scopes: Option<Grants>,
    check: impl AsyncFn(&Session) -> Result<()>,
) -> Result<Explanation> {
    let asking = Asking { session, check };
    let Some(id) = user_id else {
        return asking.nobody().await;
    };
    let user = user(session, id).await?;
    if user.deleted_at.is_some() || !user.is_active {
        return Ok(Explanation::of(
            Some(Error::Unauthenticated),
            Ground::Account,
        ));
    }
    let explanation = asking.user(&user).await?;
    match scopes {
        Some(scopes) if explanation.refusal.is_none() => {
            asking.key(&user, &scopes, explanation).await
        }
        _ => Ok(explanation),
    }
}

/// Live or deleted.
async fn user(session: &Session, id: i64) -> Result<Model> {
    let all = scope::shown::<Users>(&Actor::System, Deleted::Include, everything());
    let user = all.filter(Column::Id.eq(id)).one(session.db()?).await?;
    user.ok_or_else(|| Error::parameter("user_id", "not_found", "names no user"))
}

impl Explanation {
    fn of(refusal: Option<Error>, ground: Ground) -> Self {
        Self {
            refusal,
            ground,
            held: Vec::new(),
            missing: Vec::new(),
        }
    }
}

struct Asking<'a, F> {
    session: &'a Session,
    check: F,
}

impl<F: AsyncFn(&Session) -> Result<()>> Asking<'_, F> {
    async fn nobody(&self) -> Result<Explanation> {
        match self.refusal(Actor::Anonymous).await? {
            None => Ok(Explanation::of(None, Ground::Public)),
            Some(refusal) if self.allows(STRANGER, &[]).await? => {
                Ok(Explanation::of(Some(refusal), Ground::SignedIn))
            }
            Some(refusal) => self.refused(refusal, STRANGER, &[]).await,
        }
    }

    async fn user(&self, user: &Model) -> Result<Explanation> {
        let roles = roles::granted(self.session.db()?, Some(user.id)).await?;
        let held = roles.iter().flat_map(|role| role.permissions.clone());
        let held: Vec<_> = held.collect();
        let actor = actor(user.id, user.is_superuser, &held);
        let withheld = auth::withheld_from(self.session, user.id).await?;
        let kept = self.refusal(actor.clone().kept_from(withheld)).await?;
        let refusal = self.refusal(actor).await?;
        if let (Some(refusal), None) = (kept, &refusal) {
            return Ok(Explanation::of(Some(refusal), Ground::Account));
        }
        if let Some(refusal) = refusal {
            return match user.is_superuser {
                true => Ok(Explanation::of(Some(refusal), Ground::Nobody)),
                false => self.refused(refusal, user.id, &held).await,
            };
        }
        let ground = if self.refusal(Actor::Anonymous).await?.is_none() {
            Ground::Public
        } else if self.allows(STRANGER, &[]).await? {
            Ground::SignedIn
        } else if self.allows(user.id, &[]).await? {
            Ground::Owner
        } else if user.is_superuser {
            Ground::Superuser
        } else {
            Ground::Permission
        };
        let mut explanation = Explanation::of(None, ground);
        if ground == Ground::Permission {
            let least = self.least(user.id, &[], held).await?;
            explanation.held = sources(&roles, least);
        }
        Ok(explanation)
    }

    /// Of a request that the user may send: whether a key of these scopes may, and which scopes would be enough.
    async fn key(
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
                credential: Credential::ApiKey(STRANGER),
                ..owner.clone()
            };
            self.refusal(Actor::User(key.within(scopes))).await
        };
        let Some(refusal) = asked(scopes).await? else {
            return Ok(allowed);
        };
        let mut missing: Vec<_> = self
            .session
            .registry()
            .permissions()
            .iter()
            .map(Permission::new)
            .collect();
        let with = |more: &[Permission]| scopes.iter().chain(more).cloned().collect::<Grants>();
        let mut explanation = Explanation::of(Some(refusal), Ground::Scope);
        if asked(&with(&missing)).await?.is_some() {
            return Ok(explanation);
        }
        // Each that can be left out is, those that cover others first: what is left are the narrowest.
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

    async fn refused(&self, refusal: Error, user: i64, held: &[Permission]) -> Result<Explanation> {
        let all = self
            .session
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
            return Ok(Explanation::of(Some(refusal), ground));
        }
        let missing = self.least(user, held, all).await?;
        let comes_close = |permission: &&Permission| {
            let mut missing = missing.iter();
            missing.any(|missing| missing.covers(permission))
        };
        let close: Vec<_> = held.iter().filter(comes_close).cloned().collect();
        let roles = roles::granted(self.session.db()?, None).await?;
        let theirs = match user {
            STRANGER => Vec::new(),
            user => roles::granted(self.session.db()?, Some(user)).await?,
        };
        Ok(Explanation {
            held: sources(&theirs, close),
            missing: sources(&roles, missing),
            ..Explanation::of(Some(refusal), Ground::Permission)
        })
    }

    async fn allows(&self, user: i64, held: &[Permission]) -> Result<bool> {
        let refusal = self.refusal(actor(user, false, held)).await?;
        Ok(refusal.is_none())
    }

    /// Why this actor is refused. What the state of a row does not allow is no refusal of an actor.
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
        credential: Credential::Session(STRANGER),
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
