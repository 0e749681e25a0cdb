//! Bearer tokens: opaque, 256 bits, stored as hashes only.
use ::entity::{sessions, users};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{
    ColumnTrait, ConnectionTrait, JoinType, QueryFilter, QuerySelect,
    prelude::Json,
    sea_query::{Condition, Expr, ExprTrait},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::{
    Actor, Crud, Database, Error, Reads, Result, Session, Tx, Users,
    actor::{Caller, Credential},
    audit::{Did, Entry},
    crud::{now, scope},
    permission::Permission,
    roles,
};

/// A new token and its hash.
pub fn generate() -> (SecretString, Vec<u8>) {
    let bytes: [u8; 32] = rand::random();
    let token = SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash(&token);
    (token, hash)
}

/// SHA-256 is enough for 256 random bits: there is nothing to guess. Looking up the hash needs no constant-time comparison.
fn hash(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}

/// Who a token stands for, in one statement: the live and active user, with the permissions of the live roles.
///
/// Fails with [`Error::Unauthenticated`] where it stands for nobody.
pub async fn resolve(database: &Database, token: &SecretString) -> Result<Actor> {
    let this_role = Condition::all()
        .add(Expr::col(("roles", "id")).equals(("user_roles", "role_id")))
        .add(scope::is_live("roles"));
    let this_address = Condition::all()
        .add(Expr::col(("verified_emails", "user_id")).equals(("users", "id")))
        .add(Expr::col(("verified_emails", "email_key")).equals(("users", "email_key")));
    let query = scope::live_ids("users")
        .column(("users", "is_superuser"))
        .expr_as(Expr::col(("sessions", "id")), "session_id")
        .expr_as(
            Expr::col(("verified_emails", "user_id")).is_not_null(),
            "is_verified",
        )
        .column(("roles", "permissions"))
        .join(JoinType::LeftJoin, "verified_emails", this_address)
        .inner_join(
            "sessions",
            Expr::col(("sessions", "user_id")).equals(("users", "id")),
        )
        .left_join(
            "user_roles",
            Expr::col(("user_roles", "user_id")).equals(("users", "id")),
        )
        .join(JoinType::LeftJoin, "roles", this_role)
        .and_where(Expr::col(("users", "is_active")).eq(true))
        .and_where(Expr::col(("sessions", "token_hash")).eq(hash(token)))
        .and_where(Expr::col(("sessions", "expires_at")).gt(now()))
        .take();
    let rows = database.reader().query_all(&query).await?;
    let first = rows.first().ok_or(Error::Unauthenticated)?;
    let mut permissions: Vec<Permission> = Vec::new();
    for row in &rows {
        if let Some(role) = row.try_get::<Option<Json>>("", "permissions")? {
            permissions.extend(roles::parse(&role));
        }
    }
    Ok(Actor::User(Caller {
        user_id: first.try_get("", "id")?,
        credential: Credential::Session(first.try_get("", "session_id")?),
        is_superuser: first.try_get("", "is_superuser")?,
        is_verified: first.try_get("", "is_verified")?,
        grants: permissions.into_iter().collect(),
    }))
}

/// Ends the sign-in session that the actor came with, at once.
pub async fn logout(session: &Session) -> Result<()> {
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    let this = caller.credential.session();
    let this = sessions::Column::Id.eq(this.ok_or(Error::Unauthenticated)?);
    session
        .write(async |tx| {
            let ended = scope::erase::<sessions::Entity>(tx, this.clone()).await?;
            if ended > 0 {
                let version = version(tx, caller.user_id).await?;
                let user = (caller.user_id, version);
                tx.record(Entry::of(Users::name(), Did::SignedOut, user));
            }
            Ok(())
        })
        .await
}

/// The version that a user is in; none where the user was deleted meanwhile.
async fn version(tx: &Tx, user: i64) -> Result<i64> {
    let version = scope::all_live::<Users>()
        .filter(scope::is::<Users>(user))
        .select_only()
        .column(users::Column::Version);
    Ok(version.into_tuple().one(tx).await?.unwrap_or_default())
}
