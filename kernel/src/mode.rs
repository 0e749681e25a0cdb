//! The mode of all nodes, which a row of the database holds. An administrator makes them read-only, and writable again.
//!
//! A node reads the row when it starts, when another node announces a change, and every second in case no announcement
//! arrives. What else makes a node read-only is in `database/mode.rs`.
use std::time::Duration;

use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::{
    Kernel, Result, Session, Tx,
    clock::now,
    database::notification_of_mode,
    entity::server_modes::{ActiveModel, Column, Entity},
    error::ReadOnly,
    plain::plain,
};

/// The id of the only row.
const ID: i64 = 1;

/// The longest time after which a node knows the mode that another one set, while the database answers.
const PERIOD: Duration = Duration::from_secs(1);

/// Whether writes are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerMode {
    /// Reads and writes are served.
    #[default]
    ReadWrite,
    /// Reads are served, and writes are refused.
    ReadOnly,
}

impl ServerMode {
    pub fn is_read_only(self) -> bool {
        self == Self::ReadOnly
    }
}

/// The mode that all nodes shall have.
#[derive(Debug, Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModeChange {
    #[garde(skip)]
    pub mode: ServerMode,
}

/// Reads the mode of all nodes, and applies it to this one.
pub async fn load(kernel: &Kernel) -> Result<()> {
    let row = plain::<Entity>().filter(Column::Id.eq(ID));
    let row = row.one(kernel.database.reader()).await?;
    let is_read_only = row.is_some_and(|row| row.is_read_only);
    kernel
        .database
        .set_read_only(ReadOnly::Switched, is_read_only);
    Ok(())
}

/// Switches the mode of all nodes. The other nodes learn of it within a second.
///
/// Fails with [`crate::Error::ReadOnly`] if the database refuses writes, because it then cannot store the mode.
pub async fn switch(session: &Session, mode: ServerMode) -> Result<()> {
    let is_read_only = mode.is_read_only();
    session
        .in_every_mode()
        .write(async |tx| store(tx, is_read_only).await)
        .await?;
    let database = &session.kernel.database;
    database.set_read_only(ReadOnly::Switched, is_read_only);
    Ok(())
}

async fn store(tx: &Tx, is_read_only: bool) -> Result<()> {
    let row = ActiveModel {
        id: Set(ID),
        is_read_only: Set(is_read_only),
        changed_at: Set(now()),
    };
    let on_conflict = OnConflict::column(Column::Id)
        .update_columns([Column::IsReadOnly, Column::ChangedAt])
        .to_owned();
    Entity::insert(row)
        .on_conflict(on_conflict)
        .exec_without_returning(tx)
        .await?;
    let db = tx.get_database_backend();
    if db == DbBackend::Postgres {
        let (channel, text) = notification_of_mode();
        let notify = "SELECT pg_notify($1, $2)";
        let notify = Statement::from_sql_and_values(db, notify, [channel.into(), text.into()]);
        tx.query_one_raw(notify).await?;
    }
    Ok(())
}

/// Keeps this node in the mode of all nodes, and logs each change of its own mode once, as long as the process runs.
pub async fn watch(kernel: Kernel) {
    let mut known = Vec::new();
    loop {
        if let Err(error) = load(&kernel).await {
            tracing::debug!(%error, "the mode of all nodes could not be read; this node keeps the last one");
        }
        let reasons = kernel.database.read_only_reasons();
        if reasons != known {
            log(&reasons);
            known = reasons;
        }
        tokio::select! {
            () = sleep(PERIOD) => {}
            () = kernel.database.change_feed().mode_changed() => {}
        }
    }
}

fn log(reasons: &[ReadOnly]) {
    let Some(first) = reasons.first() else {
        tracing::info!("writes are accepted again, and jobs go on");
        return;
    };
    let names: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
    tracing::warn!(
        reasons = names.join(", "),
        advice = first.advice(),
        "read-only mode: writes are refused and jobs pause; reads are served"
    );
}
