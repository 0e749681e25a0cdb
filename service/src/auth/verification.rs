//! Showing that an address is one's own. A link alone is not enough: it comes to the owner of the address, who may not be
//! the one who made the account.
use ::entity::{one_time_tokens, users::Model};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::QueryFilter;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    address::{active, note_verified, set},
    login::not_too_long,
    one_time::{self, Presented, Purpose},
    throttle::{self, Attempt, Subject},
};
use crate::{
    Application, Error, Reads, Result, Session, Users, crud::scope, password::MAX_LENGTH,
    users::key,
};

/// The token that came by mail, and the password of the account where the caller is not signed in to it.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Verification {
    #[garde(custom(one_time::plausible))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
    /// Of the account; not needed with a sign-in of its user.
    #[garde(inner(custom(not_too_long)))]
    #[schemars(with = "Option<String>", length(min = 1, max = MAX_LENGTH))]
    pub password: Option<SecretString>,
}

/// Takes the address as the user's, from somebody who reads its mail and knows the account. It ends nothing: who cannot
/// show the latter resets the password.
///
/// Fails with [`Error::Invalid`] where the token or the password is not good, and with a conflict where the address is
/// another's meanwhile. The token stays good then.
pub async fn verify_email(session: &Session, verification: &Verification) -> Result<()> {
    let token = Presented::read(&session.kernel, &verification.token).await?;
    let (purpose, row) = find(session, &token).await?;
    let (id, email) = proven(&row)?;
    let this = scope::all_live::<Users>().filter(scope::is::<Users>(id));
    let user = this.one(session.db()?).await?;
    let user = user.ok_or_else(one_time::refused)?;
    let attempt = know_account(session, &user, verification.password.as_ref()).await?;
    let verified = session.write(async |tx| {
        if let Some(attempt) = &attempt {
            attempt.succeed(tx).await?;
        }
        let now = active(tx, id).await?.ok_or_else(one_time::refused)?;
        // The password may have been replaced while it was hashed.
        if attempt.is_some() && now.password_hash != user.password_hash {
            return Err(wrong());
        }
        one_time::take(tx, purpose, &token).await?;
        let version = match purpose {
            Purpose::Address => set(tx, &now, email).await?,
            _ if key(email) == now.email_key => now.version,
            _ => return Err(one_time::refused()),
        };
        note_verified(tx, (id, version), email).await
    });
    match attempt.as_ref() {
        Some(attempt) => attempt.unless_untried(session, verified.await).await,
        None => verified.await,
    }
}

async fn find(reads: &impl Reads, token: &Presented) -> Result<(Purpose, one_time_tokens::Model)> {
    match one_time::peek(reads, Purpose::Verify, token).await {
        Err(Error::Invalid(_)) => {}
        row => return Ok((Purpose::Verify, row?)),
    }
    let row = one_time::peek(reads, Purpose::Address, token).await?;
    Ok((Purpose::Address, row))
}

fn proven(row: &one_time_tokens::Model) -> Result<(i64, &str)> {
    let proven = row.user_id.zip(row.email.as_deref());
    proven.ok_or_else(one_time::refused)
}

/// Passes a sign-in of the user, and the password of the account: then it was an attempt, which counts as one to sign in.
async fn know_account(
    session: &Session,
    user: &Model,
    password: Option<&SecretString>,
) -> Result<Option<Attempt>> {
    let caller = session.actor().caller();
    let is_theirs = caller
        .is_some_and(|caller| caller.user_id == user.id && caller.credential.session().is_some());
    let Some(password) = password.filter(|_| !is_theirs) else {
        let detail =
            "sign in to the account, or give its password; if it is not yours, reset the password";
        return match is_theirs {
            true => Ok(None),
            false => Err(Error::invalid("/password", "required", detail)),
        };
    };
    let subject = Subject::SignIn(&user.username, Some(user));
    let attempt = throttle::attempt(session, &subject).await?;
    let hash = Some(user.password_hash.clone());
    let matches = session.atoll().hasher.verify(password.clone(), hash).await;
    match attempt.unless_untried(session, matches).await? {
        true => Ok(Some(attempt)),
        false => Err(wrong()),
    }
}

fn wrong() -> Error {
    Error::invalid("/password", "wrong", "is not the password of this account")
}
