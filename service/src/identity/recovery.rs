//! Password reset by mail.
use ::entity::users::Column;
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{ColumnTrait, QueryFilter};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Identity,
    address::{is_confirmed, lock_active_user, mark_verified},
    end_sessions,
    one_time::{self, Presented, Purpose},
    password::{Replacement, replace},
    revoke_keys, totp,
};
use crate::{
    identity::{
        Users,
        email::{MAX_EMAIL, deliverable},
        password::{MAX_LENGTH, MIN_LENGTH},
        users::{acceptable, key},
    },
    mail::{self, Mail},
};
use kernel::{
    Actor, Reads, Result, Session,
    audit::AuditAction,
    input::Trimmed,
    resource::{everything, scope},
};

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForgottenPassword {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, max = MAX_EMAIL), custom(deliverable))]
    #[schemars(extend("format" = "email"))]
    pub email: String,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordReset {
    #[garde(custom(one_time::check_length))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
    #[garde(custom(acceptable))]
    #[schemars(with = "String", length(min = MIN_LENGTH, max = MAX_LENGTH))]
    pub password: SecretString,
}

/// Queues a mail with a token for the user of this address. The user is looked up when the mail is sent, so that this
/// request takes the same work for every address.
pub async fn forgot_password(session: &Session, forgotten: &ForgottenPassword) -> Result<()> {
    session
        .write(async |tx| mail::queue(tx, Mail::reset(&forgotten.email)).await)
        .await
}

/// Sets a new password with a token and ends all sessions. The address counts as verified, because the token was sent
/// there. If the address was not confirmed before, a stranger may have created the account: then API keys and the second
/// factor are removed as well.
///
/// Fails with [`kernel::Error::Invalid`] if the token is invalid, before anything is hashed.
pub async fn reset_password(session: &Session, reset: &PasswordReset) -> Result<()> {
    let service = session.acting_as(Actor::System);
    let token = Presented::read(&session.kernel, &reset.token).await?;
    let (_, row) = one_time::find(&service, &[Purpose::Reset], &token).await?;
    let this = scope::has_id::<Users>(one_time::user_and_email(&row)?.0);
    let user = scope::all_live::<Users>().filter(this).one(service.db()?);
    let user = user.await?.ok_or_else(one_time::invalid_token)?;
    let hasher = &service.state::<Identity>().hasher;
    let hash = hasher
        .choose("/password", &reset.password, (&user).into())
        .await?;
    service
        .write(async |tx| {
            // The user is locked first, so that two requests with different tokens of one user cannot deadlock.
            let (id, email) = one_time::user_and_email(&row)?;
            let user = lock_active_user(tx, id).await?;
            one_time::consume(tx, Purpose::Reset, &token).await?;
            // A token that was sent to a former address of the user is void.
            let user = user.filter(|user| user.email_key == key(email));
            let user = user.ok_or_else(one_time::invalid_token)?;
            if !is_confirmed(tx, &user).await? {
                revoke_keys(tx, &[user.id]).await?;
                totp::remove(tx, user.id).await?;
            }
            let replacement = Replacement {
                hash: &hash,
                only_if: everything().add(Column::IsActive.eq(true)),
                action: AuditAction::PasswordReset,
            };
            let version = replace(tx, user.id, replacement).await?;
            end_sessions(tx, &[user.id]).await?;
            mark_verified(tx, (user.id, version), email).await
        })
        .await
}
