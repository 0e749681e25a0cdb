//! Runs migrations under a lock: if several processes start together, one migrates and the others wait. A failed migration leaves
//! nothing behind, unless it asks for no transaction.

use sea_orm_migration::{
    IntoSchemaManagerConnection, MigrationTrait, MigratorTraitSelf, SchemaManagerConnection,
    async_trait,
    sea_orm::{
        ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
        SqliteTransactionMode, TransactionOptions, TransactionTrait,
    },
    sea_query::{Expr, ExprTrait, Func, Query, Table},
};

use super::rollout;

/// Identifies the advisory lock. Any number works that no other program uses on the same `PostgreSQL` database.
const LOCK: i64 = 0x0061_746f_6c6c;

/// Changes the schema, in every way under the lock.
///
/// On a transaction instead of a connection it works in a savepoint, and holds the lock until that transaction ends.
#[derive(Debug, Clone, Copy)]
pub struct Migrator {
    pub(super) steps: Steps,
}

/// Every migration of an application, in order, beginning with those of [`super::steps`]. It takes no lock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps(fn() -> Vec<Box<dyn MigrationTrait>>);

impl MigratorTraitSelf for Steps {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        (self.0)()
    }
}

impl Migrator {
    /// `steps` returns every migration of the application, beginning with those of [`super::steps`].
    pub const fn new(steps: fn() -> Vec<Box<dyn MigrationTrait>>) -> Self {
        Self {
            steps: Steps(steps),
        }
    }
}

#[async_trait::async_trait]
impl MigratorTraitSelf for Migrator {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.steps.migrations()
    }

    /// A migration that reaches the lock timeout fails, and those before it remain applied.
    async fn up<'c, C>(&self, db: C, steps: Option<u32>) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let mut db = db.into_database_executor();
        let mut left = steps.unwrap_or(u32::MAX);
        loop {
            let again = match &db {
                SchemaManagerConnection::Connection(connection) => Some(*connection),
                // One round in a transaction applies all.
                _ => None,
            };
            let applied = rollout::apply_next(&self.steps, db, left).await?;
            let (Some(applied), Some(connection)) = (applied, again) else {
                return Ok(());
            };
            left -= applied;
            db = connection.into_database_executor();
        }
    }

    async fn down<'c, C>(&self, db: C, steps: Option<u32>) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        self.steps.down(&tx, steps).await?;
        tx.commit().await
    }

    async fn fresh<'c, C>(&self, db: C) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        if tx.get_database_backend() == DbBackend::Sqlite {
            // Tables are dropped in any order, and foreign keys cannot be turned off inside a transaction.
            tx.execute_unprepared("PRAGMA defer_foreign_keys = ON")
                .await?;
            drop_virtual_tables(&tx).await?;
        }
        self.steps.fresh(&tx).await?;
        tx.commit().await
    }

    async fn refresh<'c, C>(&self, db: C) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        self.steps.refresh(&tx).await?;
        tx.commit().await
    }

    async fn reset<'c, C>(&self, db: C) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        self.steps.reset(&tx).await?;
        tx.commit().await
    }
}

/// Drops virtual tables, with the tables that store their rows, which cannot be dropped alone.
async fn drop_virtual_tables(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    let select = Query::select()
        .column("name")
        .from("pragma_table_list")
        .and_where(Expr::col("schema").eq("main"))
        .and_where(Expr::col("type").eq("virtual"))
        .take();
    for row in tx.query_all(&select).await? {
        let name: String = row.try_get("", "name")?;
        tx.execute(&Table::drop().table(name).take()).await?;
    }
    Ok(())
}

/// Begins a transaction that holds the lock.
pub async fn begin<'c>(
    db: impl IntoSchemaManagerConnection<'c>,
) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        // In a deferred transaction the second process would read first, and then fail to write instead of waiting.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let tx = db
        .into_database_executor()
        .begin_with_options(options)
        .await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        call(&tx, "pg_advisory_xact_lock").await?;
    }
    Ok(tx)
}

/// Takes the lock for the session of the only connection of a `PostgreSQL` pool.
pub(super) async fn hold(connection: &DatabaseConnection) -> Result<(), DbErr> {
    call(connection, "pg_advisory_lock").await
}

/// Returns what [`hold`] has taken.
pub(super) async fn release(connection: &DatabaseConnection) -> Result<(), DbErr> {
    call(connection, "pg_advisory_unlock").await
}

async fn call(db: &impl ConnectionTrait, function: &'static str) -> Result<(), DbErr> {
    let lock = Query::select().expr(Func::cust(function).arg(LOCK)).take();
    db.query_one(&lock).await?;
    Ok(())
}
