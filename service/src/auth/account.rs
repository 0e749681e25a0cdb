//! One's own account.
use garde::Validate;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Registration, totp};
use crate::{
    Actor, Crud, Error, Found, Reads, Result, Session, Users,
    input::Trimmed,
    password::{MAX_LENGTH, MIN_LENGTH},
    users::{NewUser, UserRow, acceptable},
};

/// What anybody may say of themselves when they sign up.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewAccount {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 3, max = 50), pattern("^[A-Za-z0-9._-]*$"))]
    pub username: String,
    #[serde(with = "Trimmed")]
    #[garde(length(chars, max = 255), email)]
    pub email: String,
    #[garde(custom(acceptable))]
    #[schemars(with = "String", length(min = MIN_LENGTH, max = MAX_LENGTH))]
    pub password: SecretString,
    #[garde(length(chars, max = 255))]
    pub full_name: Option<String>,
    #[garde(length(chars, max = 2_000))]
    pub bio: Option<String>,
}

/// A signed-in user, and what they may do.
#[derive(Debug)]
pub struct Me {
    pub user: Found<UserRow>,
    /// Sorted; a superuser has `*`.
    pub permissions: Vec<String>,
    /// Whether the second factor is on.
    pub has_totp: bool,
}

/// Makes a user, in the name of the service.
pub async fn register(session: &Session, account: NewAccount) -> Result<Found<UserRow>> {
    if session.atoll.auth.registration == Registration::Closed {
        return Err(Error::Forbidden(
            "registration is closed: ask an administrator for an account",
        ));
    }
    let NewAccount {
        username,
        email,
        password,
        full_name,
        bio,
    } = account;
    let mut new = NewUser {
        username,
        email,
        password,
        full_name,
        bio,
        ..Default::default()
    };
    let service = session.acting_as(Actor::System);
    Users::prepare(&service, &mut new).await?;
    service
        .write(async |tx| Users::create(tx, &new).await)
        .await
}

pub async fn me(session: &Session) -> Result<Me> {
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    let permissions = match caller.is_superuser {
        true => vec!["*".to_owned()],
        false => caller.grants.iter().map(ToString::to_string).collect(),
    };
    // The account may have been deleted since the token was looked up.
    let user = match Users::visible_row(session, caller.user_id).await {
        Err(Error::NotFound) => Err(Error::Unauthenticated),
        found => found,
    };
    Ok(Me {
        user: user?,
        permissions,
        has_totp: totp::is_on(session.db()?, caller.user_id).await?,
    })
}
