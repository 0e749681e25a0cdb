//! Stored hashes follow what is configured: whoever signs in has the password at hand that a new hash needs.
use ::entity::users::Model;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait},
};
use secrecy::SecretString;

use crate::{Application, Crud, Error, Result, Session, Users, crud::scope};

/// Hashes a password anew that was just verified against an outdated hash. The sign-in stands whatever becomes of this:
/// the next one tries again.
#[must_use]
pub(super) async fn rehash(session: &Session, user: Model, password: &SecretString) -> Model {
    if !session.atoll().hasher.is_outdated(&user.password_hash) {
        return user;
    }
    match replace(session, &user, password.clone()).await {
        Ok(password_hash) => {
            return Model {
                password_hash,
                ..user
            };
        }
        Err(Error::Unavailable(..) | Error::Storage(..)) => {
            tracing::debug!("there was no time to hash a password anew");
        }
        Err(error) => tracing::warn!(%error, "a password was not hashed anew"),
    }
    user
}

/// The user does not change, and a password that was set meanwhile stays.
async fn replace(session: &Session, user: &Model, password: SecretString) -> Result<String> {
    let hash = session.atoll().hasher.hash(password).await?;
    let column = |name: &'static str| Expr::col((Users::name(), name));
    let update = scope::amend_live(Users::name())
        .value("password_hash", hash.as_str())
        .and_where(column("id").eq(user.id))
        .and_where(column("password_hash").eq(user.password_hash.as_str()))
        .take();
    let done = session.write(async |tx| Ok(tx.execute(&update).await?));
    match done.await?.rows_affected() {
        // Another password was set meanwhile: it stays.
        0 => Ok(user.password_hash.clone()),
        _ => Ok(hash),
    }
}
