//! The second factor: turning it on and off, and checking its codes at sign-in.
mod code;
mod recovery;
mod vault;

use std::collections::HashSet;

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
    login::check_password_field,
    password::confirm_password,
    sessions::{audit_entry, check_session_active, current_session},
    throttle::{self, Subject},
};
use crate::{identity::password::MAX_LENGTH, identity::users::by_username};
use kernel::{
    Code, Error, Reads, Result, Session, Tx,
    audit::AuditAction,
    resource::{everything, now, scope},
};

pub use code::Enrolment;
pub(super) use vault::Vault;

/// The current password, which proves that it is the user who enables the second factor.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TotpStart {
    #[garde(custom(check_password_field))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub current_password: SecretString,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Otp {
    /// The code that the authenticator shows.
    #[garde(custom(check_password_field))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub otp: SecretString,
}

/// Creates a secret. It has no effect until a code confirms it, and it replaces an unconfirmed one.
///
/// Fails with a conflict if the second factor is on.
pub async fn start_totp(session: &Session, start: &TotpStart) -> Result<Enrolment> {
    let (_, this) = current_session(session)?;
    let user = confirm_password(session, &start.current_password).await?;
    let secret = code::new_secret();
    let row = ActiveModel {
        user_id: Set(user.id),
        secret: Set(Vault::load(&session.kernel).await?.seal(user.id, &secret)?),
        created_at: Set(now()),
        confirmed_at: Set(None),
        last_step: Set(None),
    };
    let unconfirmed = OnConflict::column(Column::UserId)
        .update_columns([Column::Secret, Column::CreatedAt])
        .action_and_where(Expr::col(("totp_secrets", "confirmed_at")).is_null())
        .to_owned();
    let made = session.write(async |tx| {
        check_session_active(tx, user.id, this).await?;
        let insert = Entity::insert(row.clone()).on_conflict(unconfirmed.clone());
        Ok(insert.exec_without_returning(tx).await?)
    });
    match made.await? {
        0 => Err(Error::conflict(
            "the second factor is already on; turn it off first",
        )),
        _ => code::enrolment(&secret, &user.username),
    }
}

/// Turns the second factor on with a code, and returns the recovery codes, which are never shown again.
pub async fn confirm_totp(session: &Session, input: &Otp) -> Result<Vec<SecretString>> {
    let (user, this) = current_session(session)?;
    let pending = find(session.db()?, user).await?;
    let pending = pending.filter(|secret| secret.confirmed_at.is_none());
    let pending = pending.ok_or_else(nothing_to_confirm)?;
    let vault = Vault::load(&session.kernel).await?;
    let attempt = throttle::attempt(session, &Subject::Secret("otp")).await?;
    let step = matching_step(&vault, &pending, &input.otp)?.ok_or_else(wrong_code)?;
    let confirmed = session
        .write(async |tx| {
            attempt.succeed(tx).await?;
            check_session_active(tx, user, this).await?;
            // A concurrent request may have created a new secret or confirmed this one.
            let unchanged = still_pending(&pending);
            let on = [
                (Column::ConfirmedAt, Expr::val(now())),
                (Column::LastStep, Expr::val(step)),
            ];
            match scope::update_plain::<Entity>(tx, unchanged, on).await? {
                0 => return Err(nothing_to_confirm()),
                _ => tx.record(audit_entry(tx, AuditAction::TotpTurnedOn, user).await?),
            }
            recovery::renew(tx, user).await
        })
        .await;
    attempt.refund_if_untried(session, confirmed).await
}

/// Turns the second factor off with a code or a recovery code. Fails with [`Error::NotFound`] if it is off.
pub async fn end_totp(session: &Session, input: &Otp) -> Result<()> {
    let (user, _) = current_session(session)?;
    let vault = Vault::load(&session.kernel).await?;
    let attempt = throttle::attempt(session, &Subject::Secret("otp")).await?;
    let ended = session.write(async |tx| {
        attempt.succeed(tx).await?;
        let secret = confirmed_secret(tx, user).await?.ok_or(Error::NotFound)?;
        if use_code(tx, &vault, &secret, &input.otp).await? {
            turn_off(tx, user).await
        } else {
            Err(wrong_code())
        }
    });
    attempt.refund_if_untried(session, ended.await).await
}

/// Turns the second factor of a user off, for the operator, when the user lost both device and recovery codes.
pub async fn end_totp_for_user(session: &Session, username: &str) -> Result<()> {
    session
        .write(async |tx| {
            let user = by_username(tx, username).await?.id;
            let secret = confirmed_secret(tx, user).await?;
            secret.ok_or_else(|| Error::conflict("the second factor of this user is off"))?;
            turn_off(tx, user).await
        })
        .await
}

/// Checks the code of a sign-in after its password, so that only callers who know the password learn whether a code is
/// needed.
pub(super) async fn check_sign_in(
    tx: &Tx,
    vault: &Vault,
    user: i64,
    otp: Option<&SecretString>,
) -> Result<()> {
    let Some(secret) = confirmed_secret(tx, user).await? else {
        return Ok(());
    };
    let otp = otp.ok_or(Error::SecondFactor(Code::OtpRequired))?;
    if use_code(tx, vault, &secret, otp).await? {
        Ok(())
    } else {
        Err(Error::SecondFactor(Code::OtpWrong))
    }
}

pub(super) async fn is_on(db: &impl ConnectionTrait, user: i64) -> Result<bool> {
    let on = scope::plain::<Entity>().filter(confirmed_of(user));
    Ok(on.count(db).await? > 0)
}

/// Returns which of these users have a second factor.
pub async fn users_with_totp(reads: &impl Reads, users: &[i64]) -> Result<HashSet<i64>> {
    let on = scope::plain::<Entity>()
        .filter(Column::UserId.is_in(users.iter().copied()))
        .filter(Column::ConfirmedAt.is_not_null());
    let on = on.all(reads.db()?).await?;
    Ok(on.into_iter().map(|secret| secret.user_id).collect())
}

/// Returns true if this is an unused code of the authenticator or an unused recovery code. It marks the code as used.
async fn use_code(tx: &Tx, vault: &Vault, secret: &Model, otp: &SecretString) -> Result<bool> {
    let Some(step) = matching_step(vault, secret, otp)? else {
        let is_taken = recovery::consume(tx, secret.user_id, otp).await?;
        if is_taken {
            tx.record(audit_entry(tx, AuditAction::RecoveryCodeUsed, secret.user_id).await?);
        }
        return Ok(is_taken);
    };
    // A code is accepted once (RFC 6238, section 5.2), also when two requests use it at the same time.
    let unused = Condition::any()
        .add(Column::LastStep.is_null())
        .add(Column::LastStep.lt(step));
    let this = confirmed_of(secret.user_id).add(unused);
    let used = [(Column::LastStep, Expr::val(step))];
    Ok(scope::update_plain::<Entity>(tx, this, used).await? > 0)
}

fn matching_step(vault: &Vault, secret: &Model, otp: &SecretString) -> Result<Option<i64>> {
    if let Some(plain) = vault.open(secret.user_id, &secret.secret) {
        return code::matching_step(&plain, otp, now().timestamp());
    }
    let user_id = secret.user_id;
    tracing::warn!(
        user_id,
        "a second factor was encrypted with another auth.key; only recovery codes are accepted"
    );
    Ok(None)
}

/// Removes the second factor of a user, confirmed or not.
pub(super) async fn remove(tx: &Tx, user: i64) -> Result<()> {
    match find(tx, user).await? {
        Some(_) => turn_off(tx, user).await,
        None => Ok(()),
    }
}

async fn turn_off(tx: &Tx, user: i64) -> Result<()> {
    scope::erase::<Entity>(tx, Column::UserId.eq(user)).await?;
    recovery::delete_all(tx, user).await?;
    tx.record(audit_entry(tx, AuditAction::TotpTurnedOff, user).await?);
    Ok(())
}

async fn find(db: &impl ConnectionTrait, user: i64) -> Result<Option<Model>> {
    let rows = scope::plain::<Entity>().filter(Column::UserId.eq(user));
    Ok(rows.one(db).await?)
}

async fn confirmed_secret(tx: &Tx, user: i64) -> Result<Option<Model>> {
    let secret = find(tx, user).await?;
    Ok(secret.filter(|secret| secret.confirmed_at.is_some()))
}

fn confirmed_of(user: i64) -> Condition {
    everything()
        .add(Column::UserId.eq(user))
        .add(Column::ConfirmedAt.is_not_null())
}

fn still_pending(secret: &Model) -> Condition {
    everything()
        .add(Column::UserId.eq(secret.user_id))
        .add(Column::Secret.eq(secret.secret.as_slice()))
        .add(Column::ConfirmedAt.is_null())
}

fn wrong_code() -> Error {
    Error::invalid("/otp", Code::Wrong, "wrong or expired code")
}

fn nothing_to_confirm() -> Error {
    Error::conflict("there is no second factor to confirm; start with POST /auth/totp")
}
