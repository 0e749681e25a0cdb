//! Writes that change many rows in the same way. The database itself makes their audit entries, so memory does not grow with
//! the number of rows.
use sea_orm::{
    ConnectionTrait, DbBackend,
    sea_query::{
        CommonTableExpression, Condition, DeleteStatement, Expr, ExprTrait, Query, SelectStatement,
        SubQueryStatement, UpdateStatement, WithClause,
    },
};
use serde_json::{Map, Value};

use super::erase;
use crate::{
    Error, Reads, Result, Tx,
    record::AuditAction,
    resource::{now, scope},
};

/// The alias of the rows that a statement on PostgreSQL changed, from which the same statement makes entries.
const WRITTEN: &str = "written";

/// A statement without its condition.
pub enum Change {
    /// Every row gets the next version.
    Update(UpdateStatement),
    Remove(DeleteStatement),
}

/// One write to the rows of a table that meet a condition, with an audit entry for each.
pub struct RowsWrite {
    pub table: &'static str,
    pub action: AuditAction,
    pub change: Change,
    /// A select of the ids of the live or the deleted rows, from `scope`.
    pub scope: SelectStatement,
    pub rows: Condition,
    /// The changes that every entry records.
    pub changes: Map<String, Value>,
}

impl RowsWrite {
    /// Runs the write and returns the number of rows. It takes one statement on PostgreSQL. On SQLite it takes two or three,
    /// between which no other transaction can write.
    pub async fn run(self, tx: &Tx) -> Result<u64> {
        if !tx.is_recorded() {
            return self.change(tx).await;
        }
        // Entries must be stored in the order of the versions of a row.
        tx.store_entries().await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            return self.with_entries(tx).await;
        }
        let recorded = self.entries(tx, &self.selected())?;
        let recorded = tx.execute(&recorded).await?.rows_affected();
        if self.action == AuditAction::Purged {
            erase::erase_before_purge(tx, self.table, self.matching()).await?;
        }
        let changed = self.change(tx).await?;
        if changed == recorded {
            Ok(changed)
        } else {
            Err(Error::bug(
                "a change and its audit entries have different numbers of rows",
            ))
        }
    }

    async fn change(&self, tx: &Tx) -> Result<u64> {
        let done = match self.conditional() {
            Change::Update(update) => tx.execute(&update).await?,
            Change::Remove(delete) => tx.execute(&delete).await?,
        };
        Ok(done.rows_affected())
    }

    fn conditional(&self) -> Change {
        let rows = self.rows.clone();
        match &self.change {
            Change::Update(update) => Change::Update(update.clone().cond_where(rows).take()),
            Change::Remove(delete) => Change::Remove(delete.clone().cond_where(rows).take()),
        }
    }

    fn matching(&self) -> SelectStatement {
        self.scope.clone().cond_where(self.rows.clone()).take()
    }

    async fn with_entries(&self, tx: &Tx) -> Result<u64> {
        let columns = ["id", "version"].map(|column| (self.table, column));
        let returned = Query::returning().columns(columns);
        let write: SubQueryStatement = match self.conditional() {
            Change::Update(mut update) => update.returning(returned).take().into(),
            Change::Remove(mut delete) => delete.returning(returned).take().into(),
        };
        let written = CommonTableExpression::new()
            .table_name(WRITTEN)
            .query(write)
            .to_owned();
        let rows = scope::select_without_table()
            .columns([(WRITTEN, "id"), (WRITTEN, "version")])
            .from(WRITTEN)
            .take();
        let entries = self.entries(tx, &rows)?;
        let entries = entries.with(WithClause::new().cte(written).to_owned());
        Ok(tx.execute(&entries).await?.rows_affected())
    }

    /// Selects the rows with the version that they are about to get.
    fn selected(&self) -> SelectStatement {
        let version = Expr::col((self.table, "version"));
        let version = match self.change {
            Change::Update(_) => version.add(1),
            Change::Remove(_) => version,
        };
        self.matching().expr(version).take()
    }

    /// Returns an INSERT of one entry for each of these rows, which consist of an id and a version.
    fn entries(
        &self,
        tx: &Tx,
        rows: &SelectStatement,
    ) -> Result<sea_orm::sea_query::InsertStatement> {
        let changes = serde_json::to_string(&self.changes).map_err(Error::internal)?;
        let mut select = rows.clone();
        select.exprs([
            Expr::val(now()),
            Expr::val(tx.actor().user_id()),
            Expr::val(tx.request_id().map(str::to_owned)),
            Expr::val(self.table),
            Expr::val(self.action.as_str()),
            Expr::val(changes),
            salt(tx.get_database_backend()),
        ]);
        let mut insert = scope::insert("audit_entries");
        insert.columns([
            "resource_id",
            "version",
            "created_at",
            "actor_id",
            "request_id",
            "resource",
            "action",
            "changes",
            "salt",
        ]);
        insert.select_from(select).map_err(Error::internal)?;
        Ok(insert)
    }
}

/// Returns an expression for a salt that differs for each row. The database's cryptographic generator makes it: 122 random bits
/// on PostgreSQL, 128 on SQLite.
fn salt(backend: DbBackend) -> Expr {
    Expr::cust(match backend {
        DbBackend::Postgres => "replace(CAST(gen_random_uuid() AS text), '-', '')",
        _ => "lower(hex(randomblob(16)))",
    })
}
