//! The rows of plain tables that belong to the caller.
use ::entity::{api_keys, mails, one_time_tokens, sessions, totp_secrets, verified_emails};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, prelude::DateTimeWithTimeZone};

use crate::{
    Error, Reads, Result,
    crud::{column, scope},
};

/// Rows of one step.
const MOST: u64 = 500;

/// Sign-in sessions beyond this id, some of them.
pub async fn sessions(reads: &impl Reads, beyond: i64) -> Result<Vec<sessions::Model>> {
    some::<sessions::Entity>(reads, beyond).await
}

/// API keys beyond this id, some of them.
pub async fn api_keys(reads: &impl Reads, beyond: i64) -> Result<Vec<api_keys::Model>> {
    some::<api_keys::Entity>(reads, beyond).await
}

/// Mails that wait to be sent, beyond this id, some of them.
pub async fn mails(reads: &impl Reads, beyond: i64) -> Result<Vec<mails::Model>> {
    some::<mails::Entity>(reads, beyond).await
}

/// One-time tokens beyond this id, some of them.
pub async fn tokens(reads: &impl Reads, beyond: i64) -> Result<Vec<one_time_tokens::Model>> {
    some::<one_time_tokens::Entity>(reads, beyond).await
}

async fn some<E: scope::Plain>(reads: &impl Reads, beyond: i64) -> Result<Vec<E::Model>> {
    let me = reads.actor().user_id().ok_or(Error::Unauthenticated)?;
    let id = column::<E>("id");
    let rows = scope::plain::<E>()
        .filter(column::<E>("user_id").eq(me))
        .filter(id.gt(beyond))
        .order_by_asc(id)
        .limit(MOST);
    Ok(rows.all(reads.db()?).await?)
}

/// What an account has at most once.
#[derive(Debug)]
pub struct Account {
    /// When the user showed that the address is theirs.
    pub email_verified_at: Option<DateTimeWithTimeZone>,
    /// Since when signing in takes a second factor.
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
