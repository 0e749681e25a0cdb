//! The caller's rows in tables that are not resources.
use ::entity::{mails, one_time_tokens, totp_secrets, verified_emails};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::DateTimeWithTimeZone,
};

use kernel::{Error, Reads, Result, resource::scope};

/// The maximum number of rows of one read.
const MAX_ROWS: u64 = 500;

/// The next queued mails after this id.
pub async fn mails(reads: &impl Reads, after_id: i64) -> Result<Vec<mails::Model>> {
    use mails::{Column, Entity};
    page::<Entity>(reads, (Column::Id, Column::UserId), after_id).await
}

/// The next one-time tokens after this id.
pub async fn tokens(reads: &impl Reads, after_id: i64) -> Result<Vec<one_time_tokens::Model>> {
    use one_time_tokens::{Column, Entity};
    page::<Entity>(reads, (Column::Id, Column::UserId), after_id).await
}

async fn page<E: EntityTrait>(
    reads: &impl Reads,
    (id, user_id): (E::Column, E::Column),
    after_id: i64,
) -> Result<Vec<E::Model>> {
    let me = reads.actor().user_id().ok_or(Error::Unauthenticated)?;
    let rows = scope::plain::<E>()
        .filter(user_id.eq(me))
        .filter(id.gt(after_id))
        .order_by_asc(id)
        .limit(MAX_ROWS);
    Ok(rows.all(reads.db()?).await?)
}

/// Facts that an account has at most once.
#[derive(Debug)]
pub struct Account {
    /// When the user verified the address.
    pub email_verified_at: Option<DateTimeWithTimeZone>,
    /// When the second factor was turned on.
    pub totp_confirmed_at: Option<DateTimeWithTimeZone>,
}

pub async fn account(reads: &impl Reads) -> Result<Account> {
    let me = reads.actor().user_id().ok_or(Error::Unauthenticated)?;
    let db = reads.db()?;
    let verified = scope::plain::<verified_emails::Entity>()
        .filter(verified_emails::Column::UserId.eq(me))
        .one(db)
        .await?;
    let totp = scope::plain::<totp_secrets::Entity>()
        .filter(totp_secrets::Column::UserId.eq(me))
        .one(db)
        .await?;
    Ok(Account {
        email_verified_at: verified
            .filter(|verified| verified.is_proven)
            .map(|verified| verified.verified_at),
        totp_confirmed_at: totp.and_then(|totp| totp.confirmed_at),
    })
}
