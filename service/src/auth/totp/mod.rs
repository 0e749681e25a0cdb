//! The second factor: how it is turned on and off, and how a sign-in passes it.
mod code;
mod recovery;
mod vault;

use ::entity::totp_secrets::{ActiveModel, Column, Entity, Model};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    login::not_too_long,
    password::confirmed,
    sessions::{about, signed_in, still_signed_in},
    throttle::{self, Subject},
};
use crate::{
    Error, Reads, Result, Session, Tx,
    audit::Did,
    crud::{everything, now, scope},
    password::MAX_LENGTH,
    users::by_username,
};

pub use code::Enrolment;
pub(super) use vault::Vault;

/// Proof that it is the user who asks for a second factor, and not somebody at their desk.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TotpStart {
    #[garde(custom(not_too_long))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub current_password: SecretString,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Otp {
    /// What the authenticator shows.
    #[garde(custom(not_too_long))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub otp: SecretString,
}

/// Makes a secret, which is of no effect until a code of it is shown. It replaces one that never was.
///
/// Fails with a conflict where the second factor is on.
pub async fn start_totp(session: &Session, start: &TotpStart) -> Result<Enrolment> {
    let (_, this) = signed_in(session)?;
    let user = confirmed(session, &start.current_password).await?;
    let secret = code::fresh();
    let row = ActiveModel {
        user_id: Set(user.id),
        secret: Set(Vault::of(&session.kernel).await?.seal(user.id, &secret)?),
        created_at: Set(now()),
        confirmed_at: Set(None),
        last_step: Set(None),
    };
    let unconfirmed = OnConflict::column(Column::UserId)
        .update_columns([Column::Secret, Column::CreatedAt])
        .action_and_where(Expr::col(("totp_secrets", "confirmed_at")).is_null())
        .to_owned();
    let made = session.write(async |tx| {
        still_signed_in(tx, user.id, this).await?;
        let insert = Entity::insert(row.clone()).on_conflict(unconfirmed.clone());
        Ok(insert.exec_without_returning(tx).await?)
    });
    match made.await? {
        0 => Err(Error::conflict(
            "the second factor is on: turn it off first",
        )),
        _ => code::enrolment(&secret, &user.username),
    }
}

/// Turns it on, for who shows a code. What it gives are the recovery codes, shown this once.
pub async fn confirm_totp(session: &Session, input: &Otp) -> Result<Vec<SecretString>> {
    let (user, this) = signed_in(session)?;
    let pending = of(session.db()?, user).await?;
    let pending = pending.filter(|secret| secret.confirmed_at.is_none());
    let pending = pending.ok_or_else(nothing_pending)?;
    let vault = Vault::of(&session.kernel).await?;
    let attempt = throttle::attempt(session, &Subject::Own("otp")).await?;
    let step = step(&vault, &pending, &input.otp)?.ok_or_else(wrong)?;
    let confirmed = session
        .write(async |tx| {
            attempt.succeed(tx).await?;
            still_signed_in(tx, user, this).await?;
            // Another request may have begun anew, or was faster.
            let same = pending_as(&pending);
            let on = [
                (Column::ConfirmedAt, Expr::val(now())),
                (Column::LastStep, Expr::val(step)),
            ];
            match scope::update_plain::<Entity>(tx, same, on).await? {
                0 => return Err(nothing_pending()),
                _ => tx.record(about(tx, Did::TotpTurnedOn, user).await?),
            }
            recovery::renew(tx, user).await
        })
        .await;
    attempt.unless_untried(session, confirmed).await
}

/// Turns it off, for who shows a code of it or a recovery code. Fails with [`Error::NotFound`] where it is not on.
pub async fn end_totp(session: &Session, input: &Otp) -> Result<()> {
    let (user, _) = signed_in(session)?;
    let vault = Vault::of(&session.kernel).await?;
    let attempt = throttle::attempt(session, &Subject::Own("otp")).await?;
    let ended = session.write(async |tx| {
        attempt.succeed(tx).await?;
        let secret = confirmed_secret(tx, user).await?.ok_or(Error::NotFound)?;
        match passes(tx, &vault, &secret, &input.otp).await? {
            true => turn_off(tx, user).await,
            false => Err(wrong()),
        }
    });
    attempt.unless_untried(session, ended.await).await
}

/// Turns it off for a user who lost everything, in the name of the operator.
pub async fn end_totp_of(session: &Session, username: &str) -> Result<()> {
    session
        .write(async |tx| {
            let user = by_username(tx, username).await?.id;
            let secret = confirmed_secret(tx, user).await?;
            secret.ok_or_else(|| Error::conflict("the second factor of this user is off"))?;
            turn_off(tx, user).await
        })
        .await
}

/// For a sign-in whose password was right: whoever did not know that learns nothing here.
pub(super) async fn pass(
    tx: &Tx,
    vault: &Vault,
    user: i64,
    otp: Option<&SecretString>,
) -> Result<()> {
    let Some(secret) = confirmed_secret(tx, user).await? else {
        return Ok(());
    };
    let otp = otp.ok_or(Error::SecondFactor("otp_required"))?;
    match passes(tx, vault, &secret, otp).await? {
        true => Ok(()),
        false => Err(Error::SecondFactor("otp_wrong")),
    }
}

pub(super) async fn is_on(db: &impl ConnectionTrait, user: i64) -> Result<bool> {
    let on = scope::plain::<Entity>().filter(is_confirmed(user));
    Ok(on.count(db).await? > 0)
}

/// Whether it is a code that nobody has used, of the authenticator or for recovery. It is used then.
async fn passes(tx: &Tx, vault: &Vault, secret: &Model, otp: &SecretString) -> Result<bool> {
    let Some(step) = step(vault, secret, otp)? else {
        let is_taken = recovery::take(tx, secret.user_id, otp).await?;
        if is_taken {
            tx.record(about(tx, Did::RecoveryCodeUsed, secret.user_id).await?);
        }
        return Ok(is_taken);
    };
    // None is taken twice (RFC 6238, section 5.2), by two at once neither.
    let unused = Condition::any()
        .add(Column::LastStep.is_null())
        .add(Column::LastStep.lt(step));
    let this = is_confirmed(secret.user_id).add(unused);
    let used = [(Column::LastStep, Expr::val(step))];
    Ok(scope::update_plain::<Entity>(tx, this, used).await? > 0)
}

fn step(vault: &Vault, secret: &Model, otp: &SecretString) -> Result<Option<i64>> {
    if let Some(plain) = vault.open(secret.user_id, &secret.secret) {
        return code::step(&plain, otp, now().timestamp());
    }
    let user_id = secret.user_id;
    tracing::warn!(
        user_id,
        "a second factor was sealed under another auth.key: only recovery codes pass it"
    );
    Ok(None)
}

/// Ends the second factor of a user, whether or not it was confirmed.
pub(super) async fn forget(tx: &Tx, user: i64) -> Result<()> {
    match of(tx, user).await? {
        Some(_) => turn_off(tx, user).await,
        None => Ok(()),
    }
}

async fn turn_off(tx: &Tx, user: i64) -> Result<()> {
    scope::erase::<Entity>(tx, Column::UserId.eq(user)).await?;
    recovery::forget(tx, user).await?;
    tx.record(about(tx, Did::TotpTurnedOff, user).await?);
    Ok(())
}

async fn of(db: &impl ConnectionTrait, user: i64) -> Result<Option<Model>> {
    let theirs = scope::plain::<Entity>().filter(Column::UserId.eq(user));
    Ok(theirs.one(db).await?)
}

async fn confirmed_secret(tx: &Tx, user: i64) -> Result<Option<Model>> {
    let secret = of(tx, user).await?;
    Ok(secret.filter(|secret| secret.confirmed_at.is_some()))
}

fn is_confirmed(user: i64) -> Condition {
    everything()
        .add(Column::UserId.eq(user))
        .add(Column::ConfirmedAt.is_not_null())
}

fn pending_as(secret: &Model) -> Condition {
    everything()
        .add(Column::UserId.eq(secret.user_id))
        .add(Column::Secret.eq(secret.secret.as_slice()))
        .add(Column::ConfirmedAt.is_null())
}

fn wrong() -> Error {
    Error::invalid("/otp", "wrong", "is no code that is good now")
}

fn nothing_pending() -> Error {
    Error::conflict("there is no second factor to confirm: begin with POST /auth/totp")
}
