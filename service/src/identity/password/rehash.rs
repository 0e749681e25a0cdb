//! Rehashing at sign-in: outdated hashes are replaced when the password is known.
use ::entity::users::Model;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait},
};
use secrecy::SecretString;

use crate::identity::{Identity, Users};
use kernel::{Error, Readable, Result, Session, resource::scope};

/// Rehashes a verified password if its stored hash is outdated. A failure does not fail the sign-in: the next one tries
/// again.
#[must_use]
pub(crate) async fn rehash(session: &Session, user: Model, password: &SecretString) -> Model {
    if !session
        .state::<Identity>()
        .hasher
        .is_outdated(&user.password_hash)
    {
        return user;
    }
    match store_new_hash(session, &user, password.clone()).await {
        Ok(password_hash) => {
            return Model {
                password_hash,
                ..user
            };
        }
        Err(Error::Unavailable(..) | Error::Storage(..) | Error::ReadOnly(_)) => {
            tracing::debug!("no capacity to rehash a password; the next sign-in tries again");
        }
        Err(error) => tracing::warn!(%error, "could not rehash a password"),
    }
    user
}

/// Stores the new hash without a new version of the user.
async fn store_new_hash(session: &Session, user: &Model, password: SecretString) -> Result<String> {
    let hash = session.state::<Identity>().hasher.hash(password).await?;
    let column = |name: &'static str| Expr::col((Users::name(), name));
    let update = scope::amend_live(Users::name())
        .value("password_hash", hash.as_str())
        .and_where(column("id").eq(user.id))
        .and_where(column("password_hash").eq(user.password_hash.as_str()))
        .take();
    let done = session.write(async |tx| Ok(tx.execute(&update).await?));
    match done.await?.rows_affected() {
        // Another password was set meanwhile; its hash is kept.
        0 => Ok(user.password_hash.clone()),
        _ => Ok(hash),
    }
}
