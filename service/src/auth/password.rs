//! Passwords that the operator sets.
use garde::Validate;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::SecretString;

use super::end_sessions;
use crate::{
    Crud, Error, Result, Session, Users,
    audit::{Did, Entry},
    crud::{now, scope},
    input::check,
    users::{acceptable, by_username},
};

#[derive(Validate)]
struct NewPassword {
    #[garde(custom(acceptable))]
    password: SecretString,
}

/// Gives a user another password, and signs them out everywhere. Asks nobody whether that is permitted.
pub async fn set_password(session: &Session, username: &str, password: SecretString) -> Result<()> {
    let new = NewPassword { password };
    check(&new)?;
    let hash = session.atoll.hasher.hash(new.password).await?;
    session
        .write(async |tx| {
            let user = by_username(tx, username).await?.id;
            let update = scope::update_live(Users::name(), now())
                .value("password_hash", hash.as_str())
                .and_where(Expr::col((Users::name(), "id")).eq(user))
                .returning(Query::returning().column("version"))
                .take();
            let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
            let version = row.try_get("", "version")?;
            tx.record(Entry::of(
                Users::name(),
                Did::PasswordChanged,
                (user, version),
            ));
            end_sessions(tx, &[user]).await
        })
        .await
}
