//! E-mail addresses: which ones are verified, and how a user changes theirs.
use ::entity::{
    users::{Column, Model},
    verified_emails,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType, OnConflict, Query},
};

use super::one_time::{self, Holder, Purpose};
use crate::{
    identity::{Users, users::key},
    mail::{self, MIN_INTERVAL, Mail, Mailer, Template},
};
use kernel::{
    Error, Readable, Reads, Result, Session, Tx,
    audit::{AuditAction, Entry},
    resource::{now, scope},
};

/// Sends the verification mail again that the caller waits for, if there is one.
pub async fn resend_verification(session: &Session) -> Result<()> {
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    session
        .write(async |tx| {
            let user = lock_active_user(tx, caller.user_id).await?;
            let user = user.ok_or(Error::Unauthenticated)?;
            let pending = one_time::newest_of_user(tx, user.id, Purpose::Address).await?;
            match pending.and_then(|row| Some((row.created_at, row.email?))) {
                Some((since, _)) if since > now() - MIN_INTERVAL => Ok(()),
                Some((_, wanted)) => request_change(tx, &user, &wanted).await,
                None if is_verified(tx, &user).await? => Ok(()),
                None => mail::queue(tx, Mail::verify(&user)).await,
            }
        })
        .await
}

/// Changes a user's address: after the user verified it if mail is configured, otherwise at once.
pub async fn change(tx: &Tx, user: &Model, wanted: &str) -> Result<()> {
    if tx.state::<Mailer>().is_on() {
        request_change(tx, user, wanted).await
    } else {
        store_email(tx, user, wanted).await.map(drop)
    }
}

/// The address that a user has asked for and not verified yet.
pub async fn pending_email(reads: &impl Reads, user: i64) -> Result<Option<String>> {
    let row = one_time::newest_of_user(reads, user, Purpose::Address).await?;
    Ok(row.and_then(|row| row.email))
}

/// Returns true if the user has proved that they receive mail at their address.
pub async fn is_verified(reads: &impl Reads, user: &Model) -> Result<bool> {
    let confirmation = confirmation(reads, user).await?;
    Ok(confirmation.is_some_and(|row| row.is_proven))
}

/// Returns true if the address is known to be the user's: they verified it, or somebody else set it (an operator or an
/// invitation). It is false for somebody who registered with the address of another person.
pub(super) async fn is_confirmed(reads: &impl Reads, user: &Model) -> Result<bool> {
    Ok(confirmation(reads, user).await?.is_some())
}

/// The confirmation of the user's current address, if there is one.
async fn confirmation(reads: &impl Reads, user: &Model) -> Result<Option<verified_emails::Model>> {
    let by_user = verified_emails::Column::UserId.eq(user.id);
    let row = scope::plain::<verified_emails::Entity>().filter(by_user);
    let row = row.one(reads.db()?).await?;
    Ok(row.filter(|row| row.email_key == user.email_key))
}

/// Marks the addresses of users as confirmed, because somebody else set them.
pub(crate) async fn confirm_addresses(tx: &Tx, users: &[&Model]) -> Result<()> {
    let at = now();
    let row = |user: &&Model| verified_emails::ActiveModel {
        user_id: Set(user.id),
        email_key: Set(user.email_key.clone()),
        verified_at: Set(at),
        is_proven: Set(false),
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    for rows in scope::portions(&rows, 4) {
        verified_emails::Entity::insert_many(rows.iter().cloned())
            .on_conflict(replace_existing())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Removes the confirmation, for a user who chose the address.
pub(super) async fn unconfirm_address(tx: &Tx, user: i64) -> Result<()> {
    let by_user = verified_emails::Column::UserId.eq(user);
    scope::erase::<verified_emails::Entity>(tx, by_user)
        .await
        .map(drop)
}

fn replace_existing() -> OnConflict {
    use verified_emails::Column;
    OnConflict::column(Column::UserId)
        .update_columns([Column::EmailKey, Column::VerifiedAt, Column::IsProven])
        .to_owned()
}

/// Cancels the pending address change and password resets: somebody else may have asked for them.
pub(super) async fn cancel_requests(tx: &Tx, user: i64) -> Result<()> {
    for template in [Template::Address, Template::Reset] {
        mail::cancel(tx, user, template).await?;
    }
    for purpose in [Purpose::Address, Purpose::Reset] {
        one_time::revoke_all(tx, user, purpose).await?;
    }
    Ok(())
}

/// Marks the address as verified. `user` is the id and the version for the audit.
pub(super) async fn mark_verified(tx: &Tx, user: (i64, i64), email: &str) -> Result<()> {
    use verified_emails::{ActiveModel, Entity};
    let row = ActiveModel {
        user_id: Set(user.0),
        email_key: Set(key(email)),
        verified_at: Set(now()),
        is_proven: Set(true),
    };
    Entity::insert(row)
        .on_conflict(replace_existing())
        .exec_without_returning(tx)
        .await?;
    tx.record(Entry::new(Users::name(), AuditAction::EmailVerified, user));
    Ok(())
}

/// Locks a user and returns them if they are live and active.
pub(super) async fn lock_active_user(tx: &Tx, id: i64) -> Result<Option<Model>> {
    let user = scope::all_live::<Users>()
        .filter(scope::has_id::<Users>(id))
        .filter(Column::IsActive.eq(true))
        .lock(LockType::NoKeyUpdate);
    Ok(user.one(tx).await?)
}

/// Records the wanted address and queues its verification mail. The last request of a user replaces earlier ones, and its
/// mail keeps the minimum interval to the one before. Sending the mail creates the actual token.
async fn request_change(tx: &Tx, user: &Model, wanted: &str) -> Result<()> {
    let last = one_time::newest_of_user(tx, user.id, Purpose::Address).await?;
    let next = last.map_or_else(now, |last| {
        std::cmp::max(now(), last.created_at + MIN_INTERVAL)
    });
    mail::cancel(tx, user.id, Template::Address).await?;
    let holder = Holder {
        user_id: Some(user.id),
        email: Some(wanted),
    };
    one_time::reserve(tx, Purpose::Address, holder).await?;
    mail::queue(tx, Mail::address(user.id, wanted).not_before(next)).await
}

/// Stores a new address and returns the new version of the user.
pub(super) async fn store_email(tx: &Tx, user: &Model, email: &str) -> Result<i64> {
    let update = scope::update_live(Users::name(), now())
        .value("email", email)
        .value("email_key", key(email))
        .and_where(Expr::col((Users::name(), "id")).eq(user.id))
        .returning(Query::returning().column("version"))
        .take();
    let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
    let version = row.try_get("", "version")?;
    let entry = Entry::new(Users::name(), AuditAction::Updated, (user.id, version));
    tx.record(entry.with_values("email", user.email.as_str(), email));
    cancel_requests(tx, user.id).await?;
    mail::queue(tx, Mail::address_changed(user.id, &user.email)).await?;
    Ok(version)
}
