//! Invitations: tokens that let somebody create an account. The first run prints one for the first superuser, the operator
//! issues the others.
use garde::Validate;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use ::entity::one_time_tokens::{Column, Entity, Model};
use sea_orm::ColumnTrait;

use super::{
    NewAccount, address, checksum_key,
    one_time::{self, Holder, Presented, Purpose, consume, create, invalid_token},
    token::hash,
};
use crate::identity::{
    Users,
    email::{MAX_EMAIL, deliverable},
    users::{NewUser, UserRow, has_superuser, key},
};
use kernel::{
    Actor, Code, Crud, CrudOperations, Error, Found, Kernel, Result, Session, Tx, input,
    resource::scope,
};

/// The id of the advisory lock for creating the first superuser. The number is arbitrary but unique.
const FIRST_SUPERUSER_LOCK: i64 = 0x0046_4952_5354;

/// The purposes that an invitation can have.
pub(super) const INVITATIONS: [Purpose; 3] =
    [Purpose::Invite, Purpose::InviteSuperuser, Purpose::FirstRun];

/// A new account with the token of its invitation.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InvitationAcceptance {
    #[garde(custom(one_time::check_length))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
    #[garde(dive)]
    pub account: NewAccount,
}

/// The kind of account that an invitation allows.
#[derive(Debug, Default, Validate)]
pub struct Invitation {
    #[garde(skip)]
    pub is_superuser: bool,
    /// If set, the account must have this address.
    #[garde(inner(length(chars, max = MAX_EMAIL), custom(deliverable)))]
    pub email: Option<String>,
}

/// Creates a token for one new user. It checks no permissions: only the command line of the operator calls it.
pub async fn invite(session: &Session, invitation: &Invitation) -> Result<SecretString> {
    input::check(invitation)?;
    let purpose = if invitation.is_superuser {
        Purpose::InviteSuperuser
    } else {
        Purpose::Invite
    };
    let holder = Holder {
        email: invitation.email.as_deref(),
        ..Holder::default()
    };
    let checksums = checksum_key(&session.kernel).await?;
    session
        .write(async |tx| create(tx, purpose, holder, checksums).await)
        .await
}

/// Creates a token for the first superuser, or returns `None` if a superuser exists.
pub async fn create_first_run_token(kernel: &Kernel) -> Result<Option<SecretString>> {
    let service = kernel.session(Actor::System);
    if has_superuser(&service).await? {
        return Ok(None);
    }
    let checksums = checksum_key(kernel).await?;
    let holder = Holder::default();
    let made = service.write(async |tx| create(tx, Purpose::FirstRun, holder, checksums).await);
    made.await.map(Some)
}

/// Revokes the token of the first run; a server calls this when it stops.
pub async fn revoke_first_run_token(kernel: &Kernel, token: &SecretString) -> Result<()> {
    let this = Column::TokenHash.eq(hash(token.expose_secret().as_bytes()));
    let service = kernel.session(Actor::System);
    let ended = service.write(async |tx| scope::erase::<Entity>(tx, this.clone()).await);
    ended.await.map(drop)
}

/// Creates the user, even if registration is closed, and consumes the token.
///
/// Fails with [`Error::Invalid`] at `/token` if the token is unknown, expired or used.
pub async fn accept(session: &Session, acceptance: InvitationAcceptance) -> Result<Found<UserRow>> {
    let InvitationAcceptance { token, account } = acceptance;
    let token = Presented::read(&session.kernel, &token).await?;
    // The invitation is found before the password is hashed: callers without a token must not cause that work.
    let (purpose, invited) = one_time::find(session, &INVITATIONS, &token).await?;
    check_email(&invited, &account)?;
    // The address is confirmed if the operator chose it, or if the operator is the one who registers.
    let is_confirmed = invited.email.is_some() || purpose == Purpose::FirstRun;
    let mut new = NewUser::from(account);
    new.is_superuser = Some(purpose != Purpose::Invite);
    let service = session.acting_as(Actor::System);
    let prepared = Users::prepare(&service, &mut new).await;
    prepared.map_err(|error| error.with_pointer_prefix("/account"))?;
    service
        .write(async |tx| {
            consume(tx, purpose, &token).await?;
            if purpose == Purpose::FirstRun {
                claim_first_run(tx).await?;
            }
            let created = Users::create(tx, &new).await;
            let user = created.map_err(|error| error.with_pointer_prefix("/account"))?;
            if !is_confirmed {
                address::unconfirm_address(tx, user.id).await?;
            }
            Ok(user)
        })
        .await
}

/// Fails if the invitation names another address than the account.
fn check_email(invited: &Model, account: &NewAccount) -> Result<()> {
    match &invited.email {
        Some(email) if key(email) != key(&account.email) => Err(Error::invalid(
            "/account/email",
            Code::NotAllowed,
            "must be the address that was invited",
        )),
        _ => Ok(()),
    }
}

/// Fails if a superuser exists, and revokes the other first-run tokens: only one of them can be used.
async fn claim_first_run(tx: &Tx) -> Result<()> {
    tx.advisory_lock(FIRST_SUPERUSER_LOCK).await?;
    if has_superuser(tx).await? {
        return Err(invalid_token());
    }
    let tokens = Column::Purpose.eq(Purpose::FirstRun.as_str());
    scope::erase::<Entity>(tx, tokens).await.map(drop)
}
