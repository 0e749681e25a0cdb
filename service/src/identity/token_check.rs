//! A check of a one-time token before it is used, so that the page of a link can say at once what it does, or that it is invalid.
use ::entity::{one_time_tokens, users::Column};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{ColumnTrait, QueryFilter, prelude::DateTimeWithTimeZone};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    invite::INVITATIONS,
    one_time::{self, Presented, Purpose},
    users::{FIRST_ROLE, has_superuser, key},
};
use crate::identity::Users;
use kernel::{Reads, Result, Session, resource::scope};

/// A token from a link.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenCheck {
    #[garde(custom(one_time::check_length))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
}

/// The effect of a valid token. It names no existing user.
#[derive(Debug)]
pub struct TokenEffect {
    pub purpose: Purpose,
    pub expires_at: DateTimeWithTimeZone,
    /// The account that an invitation creates.
    pub account: Option<InvitedAccount>,
}

/// The properties of the account that an invitation creates.
#[derive(Debug)]
pub struct InvitedAccount {
    pub is_superuser: bool,
    pub roles: Vec<String>,
    /// The address that the account must have, if the invitation names one.
    pub email: Option<String>,
}

/// Returns what a token does, without consuming it.
///
/// Fails with [`kernel::Error::Invalid`] at `/token` if the token could not be used now; the error is the same for every reason.
pub async fn check_token(session: &Session, check: &TokenCheck) -> Result<TokenEffect> {
    let token = Presented::read(&session.kernel, &check.token).await?;
    let (purpose, row) = one_time::find(session, &Purpose::ALL, &token).await?;
    let is_usable = match purpose {
        Purpose::Invite | Purpose::InviteSuperuser => true,
        Purpose::FirstRun => !has_superuser(session).await?,
        Purpose::Verify | Purpose::Address | Purpose::Reset => {
            belongs_to_user(session, purpose, &row).await?
        }
    };
    if !is_usable {
        return Err(one_time::invalid_token());
    }
    let account = INVITATIONS.contains(&purpose).then(|| InvitedAccount {
        is_superuser: purpose != Purpose::Invite,
        roles: vec![FIRST_ROLE.to_owned()],
        email: row.email,
    });
    Ok(TokenEffect {
        purpose,
        expires_at: row.expires_at,
        account,
    })
}

/// Returns true if the user of the token is active. Unless the token changes the address, the user must still have the address
/// that it was sent to.
async fn belongs_to_user(
    reads: &impl Reads,
    purpose: Purpose,
    row: &one_time_tokens::Model,
) -> Result<bool> {
    let (id, email) = one_time::user_and_email(row)?;
    let user = scope::all_live::<Users>()
        .filter(scope::has_id::<Users>(id))
        .filter(Column::IsActive.eq(true))
        .one(reads.db()?);
    let user = user.await?;
    Ok(user.is_some_and(|user| purpose == Purpose::Address || user.email_key == key(email)))
}
