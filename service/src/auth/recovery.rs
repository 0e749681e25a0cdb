//! Another password, for those who have lost theirs and can read their mail.
use ::entity::{one_time_tokens, users::Column};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{ColumnTrait, QueryFilter};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    address::{active, is_confirmed, note_verified},
    end_sessions,
    one_time::{self, Presented, Purpose},
    password::{Replacement, replace},
    revoke_keys, totp,
};
use crate::{
    Actor, Application, Reads, Result, Session, Users,
    audit::Did,
    crud::{everything, scope},
    input::{
        Trimmed,
        email::{LENGTH, deliverable},
    },
    mail::{self, Mail},
    password::{MAX_LENGTH, MIN_LENGTH},
    users::{acceptable, key},
};

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Forgotten {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, max = LENGTH), custom(deliverable))]
    #[schemars(extend("format" = "email"))]
    pub email: String,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reset {
    #[garde(custom(one_time::plausible))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
    #[garde(custom(acceptable))]
    #[schemars(with = "String", length(min = MIN_LENGTH, max = MAX_LENGTH))]
    pub password: SecretString,
}

/// Sends a token to the user of this address. Whether there is one shows when the letter is written: what happens here is
/// the same for every address.
pub async fn forgot_password(session: &Session, forgotten: &Forgotten) -> Result<()> {
    session
        .write(async |tx| mail::queue(tx, Mail::reset(&forgotten.email)).await)
        .await
}

/// Replaces a password by a token, ends all sessions, and takes the address as verified: the token came there. Where
/// nobody had confirmed the address before, whoever made the account may be a stranger: then it also ends API keys and the
/// second factor.
///
/// Fails with [`crate::Error::Invalid`] where the token is not good, before anything is hashed.
pub async fn reset_password(session: &Session, reset: &Reset) -> Result<()> {
    let service = session.acting_as(Actor::System);
    let token = Presented::read(&session.kernel, &reset.token).await?;
    let row = one_time::peek(&service, Purpose::Reset, &token).await?;
    let this = scope::is::<Users>(holder(&row)?.0);
    let user = scope::all_live::<Users>().filter(this).one(service.db()?);
    let user = user.await?.ok_or_else(one_time::refused)?;
    let hasher = &service.atoll().hasher;
    let hash = hasher
        .choose("/password", &reset.password, (&user).into())
        .await?;
    service
        .write(async |tx| {
            // The user is locked first: two who bring two of their links would wait for each other.
            let (id, email) = holder(&row)?;
            let user = active(tx, id).await?;
            one_time::take(tx, Purpose::Reset, &token).await?;
            // A token that was sent to a former address of the user opens nothing.
            let user = user.filter(|user| user.email_key == key(email));
            let user = user.ok_or_else(one_time::refused)?;
            if !is_confirmed(tx, &user).await? {
                revoke_keys(tx, &[user.id]).await?;
                totp::forget(tx, user.id).await?;
            }
            let replacement = Replacement {
                hash: &hash,
                only_if: everything().add(Column::IsActive.eq(true)),
                did: Did::PasswordReset,
            };
            let version = replace(tx, user.id, replacement).await?;
            end_sessions(tx, &[user.id]).await?;
            note_verified(tx, (user.id, version), email).await
        })
        .await
}

fn holder(row: &one_time_tokens::Model) -> Result<(i64, &str)> {
    let holder = row.user_id.zip(row.email.as_deref());
    holder.ok_or_else(one_time::refused)
}
