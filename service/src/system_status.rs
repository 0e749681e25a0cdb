//! The state of an installation: its database, and what waits in its queues. It is cheap to read.
use ::entity::mails;
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, prelude::DateTimeWithTimeZone,
    sea_query::SelectStatement,
};

use kernel::{
    Reads, Result, Session,
    audit::{self, ChainState},
    crud::count_up_to,
    database::Facts,
    resource::scope,
};

/// The most mails that are counted.
pub const MAX_MAILS: u64 = 10_000;

#[derive(Debug)]
pub struct SystemStatus {
    pub database: Facts,
    pub is_writable: bool,
    pub is_intact: bool,
    pub mail: MailQueue,
    pub audit: ChainState,
}

/// The mails that are not sent yet.
#[derive(Debug)]
pub struct MailQueue {
    /// Mails that were not tried yet, up to [`MAX_MAILS`].
    pub waiting: u64,
    /// Mails that are tried again after a failure, up to [`MAX_MAILS`].
    pub failed: u64,
    pub oldest_at: Option<DateTimeWithTimeZone>,
}

/// Reads the state in a few statements, each of which reads a bounded number of rows.
pub async fn system_status(session: &Session) -> Result<SystemStatus> {
    let database = &session.kernel.database;
    Ok(SystemStatus {
        database: database.facts().await?,
        is_writable: database.check_writes().await.is_ok() && !database.refuses_writes(),
        is_intact: !database.is_damaged(),
        mail: mail_queue(session).await?,
        audit: audit::state(session).await?,
    })
}

async fn mail_queue(session: &Session) -> Result<MailQueue> {
    let db = session.db()?;
    let mails = |condition| -> SelectStatement {
        let mails = scope::plain::<mails::Entity>().filter(condition);
        mails.select_only().column(mails::Column::Id).into_query()
    };
    let oldest = scope::plain::<mails::Entity>()
        .order_by_asc(mails::Column::Id)
        .select_only()
        .column(mails::Column::CreatedAt);
    let (waiting, failed) = (mails::Column::Attempts.eq(0), mails::Column::Attempts.gt(0));
    Ok(MailQueue {
        waiting: count_up_to(db, mails(waiting), MAX_MAILS).await?,
        failed: count_up_to(db, mails(failed), MAX_MAILS).await?,
        oldest_at: oldest.into_tuple().one(db).await?,
    })
}
