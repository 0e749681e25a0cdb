//! Links that let somebody make an account: one for the first superuser at the first run, others from the operator.
use garde::Validate;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use ::entity::one_time_tokens::{Column, Entity, Model};
use sea_orm::ColumnTrait;

use super::{
    NewAccount, address, checksum_key,
    one_time::{self, Holder, Presented, Purpose, make, peek, refused, take},
    token::hash,
};
use crate::{
    Actor, Crud, Error, Found, Kernel, Reads, Result, Session, Tx, Users,
    crud::scope,
    input::{
        self,
        email::{LENGTH, deliverable},
    },
    users::{NewUser, UserRow, has_superuser, key},
};

/// Names the lock under which the first superuser is made; any number of our own will do.
const FIRST: i64 = 0x0046_4952_5354;

/// What an invitation may be good for.
const PURPOSES: [Purpose; 3] = [Purpose::Invite, Purpose::InviteSuperuser, Purpose::FirstRun];

/// An account, and what says that its owner was invited.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Acceptance {
    #[garde(custom(one_time::plausible))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
    #[garde(dive)]
    pub account: NewAccount,
}

/// Who may come.
#[derive(Debug, Default, Validate)]
pub struct Invitation {
    #[garde(skip)]
    pub is_superuser: bool,
    /// The account will have this address, and no other.
    #[garde(inner(length(chars, max = LENGTH), custom(deliverable)))]
    pub email: Option<String>,
}

/// A token with which one user can be made. Only for the operator, whom nobody asks what they may do.
pub async fn invite(session: &Session, invitation: &Invitation) -> Result<SecretString> {
    input::check(invitation)?;
    let purpose = match invitation.is_superuser {
        true => Purpose::InviteSuperuser,
        false => Purpose::Invite,
    };
    let holder = Holder {
        email: invitation.email.as_deref(),
        ..Holder::default()
    };
    let checksums = checksum_key(&session.kernel).await?;
    session
        .write(async |tx| make(tx, purpose, holder, &checksums).await)
        .await
}

/// A token for the first superuser; none where there is one.
pub async fn first_run(kernel: &Kernel) -> Result<Option<SecretString>> {
    let service = kernel.session(Actor::System);
    if has_superuser(&service).await? {
        return Ok(None);
    }
    let checksums = checksum_key(kernel).await?;
    let holder = Holder::default();
    let made = service.write(async |tx| make(tx, Purpose::FirstRun, holder, &checksums).await);
    made.await.map(Some)
}

/// Who stops takes back what they gave out.
pub async fn end_first_run(kernel: &Kernel, token: &SecretString) -> Result<()> {
    let this = Column::TokenHash.eq(hash(token.expose_secret().as_bytes()));
    let service = kernel.session(Actor::System);
    let ended = service.write(async |tx| scope::erase::<Entity>(tx, this.clone()).await);
    ended.await.map(drop)
}

/// Makes the user, whatever registration is set to, and uses the token up with that.
///
/// Fails with [`Error::Invalid`] at `/token` where it is unknown, expired or used.
pub async fn accept(session: &Session, acceptance: Acceptance) -> Result<Found<UserRow>> {
    let Acceptance { token, account } = acceptance;
    let token = Presented::read(&session.kernel, &token).await?;
    let (purpose, invited) = find(session, &token).await?;
    check(&invited, &account)?;
    // The address is confirmed where the operator chose it, or is the one who registers.
    let is_vouched = invited.email.is_some() || purpose == Purpose::FirstRun;
    let mut new = NewUser::from(account);
    new.is_superuser = Some(purpose != Purpose::Invite);
    let service = session.acting_as(Actor::System);
    let prepared = Users::prepare(&service, &mut new).await;
    prepared.map_err(|error| error.beneath("/account"))?;
    service
        .write(async |tx| {
            take(tx, purpose, &token).await?;
            if purpose == Purpose::FirstRun {
                be_first(tx).await?;
            }
            let made = Users::create(tx, &new).await;
            let user = made.map_err(|error| error.beneath("/account"))?;
            if !is_vouched {
                address::unvouch(tx, user.id).await?;
            }
            Ok(user)
        })
        .await
}

/// Before the work of hashing, which strangers must not be able to ask for.
async fn find(reads: &impl Reads, token: &Presented) -> Result<(Purpose, Model)> {
    for purpose in PURPOSES {
        match peek(reads, purpose, token).await {
            Err(Error::Invalid(_)) => {}
            found => return found.map(|row| (purpose, row)),
        }
    }
    Err(refused())
}

/// Who was invited by an address keeps to it.
fn check(invited: &Model, account: &NewAccount) -> Result<()> {
    match &invited.email {
        Some(email) if key(email) != key(&account.email) => Err(Error::invalid(
            "/account/email",
            "not_allowed",
            "is not the address that was invited",
        )),
        _ => Ok(()),
    }
}

/// Of several who have such a token one can be first. The others are of no use then, and never will be again.
async fn be_first(tx: &Tx) -> Result<()> {
    tx.one_at_a_time(FIRST).await?;
    if has_superuser(tx).await? {
        return Err(refused());
    }
    let theirs = Column::Purpose.eq(Purpose::FirstRun.as_str());
    scope::erase::<Entity>(tx, theirs).await.map(drop)
}
