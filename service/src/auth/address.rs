//! E-mail addresses: which are verified, and how one becomes another.
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
    Application, Crud, Error, Reads, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{now, scope},
    mail::{self, APART, Mail, Template},
    users::key,
};

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
    match tx.atoll().mail.is_on() {
        true => ask(tx, user, wanted).await,
        false => set(tx, user, wanted).await.map(drop),
    }
}

/// The address that a user wants and has not shown to be theirs.
pub async fn pending_email(reads: &impl Reads, user: i64) -> Result<Option<String>> {
    let row = one_time::of_user(reads, user, Purpose::Address).await?;
    Ok(row.and_then(|row| row.email))
}

/// Whether the user has shown that they read the mail of their address.
pub async fn is_verified(reads: &impl Reads, user: &Model) -> Result<bool> {
    let known = known(reads, user).await?;
    Ok(known.is_some_and(|row| row.is_proven))
}

/// Whether the address is theirs: they have shown it, or the operator or an invitation has set it. The account of a
/// stranger who registered with another's address is not confirmed.
pub(super) async fn is_confirmed(reads: &impl Reads, user: &Model) -> Result<bool> {
    Ok(known(reads, user).await?.is_some())
}

/// What is known of the address that the user has now.
async fn known(reads: &impl Reads, user: &Model) -> Result<Option<verified_emails::Model>> {
    let theirs = verified_emails::Column::UserId.eq(user.id);
    let row = scope::plain::<verified_emails::Entity>().filter(theirs);
    let row = row.one(reads.db()?).await?;
    Ok(row.filter(|row| row.email_key == user.email_key))
}

/// Notes that others than the users have set their addresses.
pub(crate) async fn vouch(tx: &Tx, users: &[&Model]) -> Result<()> {
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
            .on_conflict(another())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Takes that back for a user who chose the address themselves.
pub(super) async fn unvouch(tx: &Tx, user: i64) -> Result<()> {
    let theirs = verified_emails::Column::UserId.eq(user);
    scope::erase::<verified_emails::Entity>(tx, theirs)
        .await
        .map(drop)
}

fn another() -> OnConflict {
    use verified_emails::Column;
    OnConflict::column(Column::UserId)
        .update_columns([Column::EmailKey, Column::VerifiedAt, Column::IsProven])
        .to_owned()
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
    use verified_emails::{ActiveModel, Entity};
    let row = ActiveModel {
        user_id: Set(user.0),
        email_key: Set(key(email)),
        verified_at: Set(now()),
        is_proven: Set(true),
    };
    Entity::insert(row)
        .on_conflict(another())
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
    one_time::hold_place(tx, Purpose::Address, holder).await?;
    mail::queue(tx, Mail::address(user.id, wanted).not_before(next)).await
}

/// The version that the user is in then.
pub(super) async fn set(tx: &Tx, user: &Model, email: &str) -> Result<i64> {
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
