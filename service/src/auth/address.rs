//! E-mail addresses: which are verified, and how one becomes another.
use ::entity::{
    users::{Column, Model},
    verified_emails,
};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType, OnConflict, Query},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::one_time::{self, Holder, Purpose};
use crate::{
    Crud, Error, Reads, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{now, scope},
    mail::{self, APART, Mail, Template},
    users::key,
};

/// What came by mail.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Verification {
    #[garde(custom(one_time::plausible))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
}

/// Whoever has the token reads the mail of that address: it is the user's, and verified.
///
/// Fails with [`Error::Invalid`] where the token is not good, and with a conflict where the address is another's meanwhile.
pub async fn verify_email(session: &Session, verification: &Verification) -> Result<()> {
    let token = &verification.token;
    session
        .write(async |tx| {
            let row = match one_time::take(tx, Purpose::Verify, token).await {
                Err(Error::Invalid(_)) => one_time::take(tx, Purpose::Address, token).await?,
                row => row?,
            };
            let (id, email) = row.user_id.zip(row.email).ok_or_else(one_time::refused)?;
            let user = active(tx, id).await?.ok_or_else(one_time::refused)?;
            let version = match row.purpose == Purpose::Address.as_str() {
                true => set(tx, &user, &email).await?,
                false if key(&email) == user.email_key => user.version,
                false => return Err(one_time::refused()),
            };
            note_verified(tx, (user.id, version), &email).await
        })
        .await
}

/// Sends the letter again that the user waits for, if there is one.
pub async fn resend_verification(session: &Session) -> Result<()> {
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    session
        .write(async |tx| {
            let user = active(tx, caller.user_id).await?;
            let user = user.ok_or(Error::Unauthenticated)?;
            let pending = one_time::of_user(tx, user.id, Purpose::Address).await?;
            match pending.and_then(|row| Some((row.created_at, row.email?))) {
                Some((since, _)) if since > now() - APART => Ok(()),
                Some((_, wanted)) => ask(tx, &user, &wanted).await,
                None if is_verified(tx, &user).await? => Ok(()),
                None => mail::queue(tx, Mail::verify(&user)).await,
            }
        })
        .await
}

/// Gives a user another address: with mail once it is verified, without at once.
pub async fn change(tx: &Tx, user: &Model, wanted: &str) -> Result<()> {
    match tx.mailer().is_on() {
        true => ask(tx, user, wanted).await,
        false => set(tx, user, wanted).await.map(drop),
    }
}

/// The address that a user wants and has not shown to be theirs.
pub async fn pending_email(reads: &impl Reads, user: i64) -> Result<Option<String>> {
    let row = one_time::of_user(reads, user, Purpose::Address).await?;
    Ok(row.and_then(|row| row.email))
}

pub async fn is_verified(reads: &impl Reads, user: &Model) -> Result<bool> {
    let theirs = verified_emails::Column::UserId.eq(user.id);
    let row = scope::plain::<verified_emails::Entity>().filter(theirs);
    let row = row.one(reads.db()?).await?;
    Ok(row.is_some_and(|row| row.email_key == user.email_key))
}

/// What was asked for by somebody who may not have been the user is good no longer.
pub(super) async fn abandon(tx: &Tx, user: i64) -> Result<()> {
    for template in [Template::Address, Template::Reset] {
        mail::withdraw(tx, user, template).await?;
    }
    for purpose in [Purpose::Address, Purpose::Reset] {
        one_time::end(tx, user, purpose).await?;
    }
    Ok(())
}

/// Notes it of a user in this version.
pub(super) async fn note_verified(tx: &Tx, user: (i64, i64), email: &str) -> Result<()> {
    use verified_emails::{ActiveModel, Column, Entity};
    let row = ActiveModel {
        user_id: Set(user.0),
        email_key: Set(key(email)),
        verified_at: Set(now()),
    };
    let another = OnConflict::column(Column::UserId)
        .update_columns([Column::EmailKey, Column::VerifiedAt])
        .to_owned();
    Entity::insert(row)
        .on_conflict(another)
        .exec_without_returning(tx)
        .await?;
    tx.record(Entry::of(Users::name(), Did::EmailVerified, user));
    Ok(())
}

/// A live and active user, locked.
pub(super) async fn active(tx: &Tx, id: i64) -> Result<Option<Model>> {
    let user = scope::all_live::<Users>()
        .filter(scope::is::<Users>(id))
        .filter(Column::IsActive.eq(true))
        .lock(LockType::NoKeyUpdate);
    Ok(user.one(tx).await?)
}

/// Of several wishes the last one counts. It waits from now on, though its letter brings another token; that comes no
/// sooner after the one before than any other.
async fn ask(tx: &Tx, user: &Model, wanted: &str) -> Result<()> {
    let last = one_time::of_user(tx, user.id, Purpose::Address).await?;
    let next = last.map_or_else(now, |last| std::cmp::max(now(), last.created_at + APART));
    mail::withdraw(tx, user.id, Template::Address).await?;
    let holder = Holder {
        user_id: Some(user.id),
        email: Some(wanted),
    };
    one_time::make(tx, Purpose::Address, holder).await?;
    mail::queue(tx, Mail::address(user.id, wanted).not_before(next)).await
}

/// The version that the user is in then.
async fn set(tx: &Tx, user: &Model, email: &str) -> Result<i64> {
    let update = scope::update_live(Users::name(), now())
        .value("email", email)
        .value("email_key", key(email))
        .and_where(Expr::col((Users::name(), "id")).eq(user.id))
        .returning(Query::returning().column("version"))
        .take();
    let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
    let version = row.try_get("", "version")?;
    let entry = Entry::of(Users::name(), Did::Updated, (user.id, version));
    tx.record(entry.changing("email", user.email.as_str(), email));
    abandon(tx, user.id).await?;
    mail::queue(tx, Mail::address_changed(user.id, &user.email)).await?;
    Ok(version)
}
