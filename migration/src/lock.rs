//! Runs migrations in one transaction under a lock: of several processes that start together one migrates and the others
//! wait, and a failed migration leaves nothing behind.

use sea_orm_migration::{
    IntoSchemaManagerConnection, MigrationTrait, MigratorTrait, async_trait,
    sea_orm::{
        ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
        TransactionOptions, TransactionTrait,
    },
    sea_query::{Expr, ExprTrait, Func, Query, Table},
};

use crate::Steps;

/// Identifies the advisory lock. Any number works that no other program uses on the same `PostgreSQL` database.
const LOCK: i64 = 0x0061_746f_6c6c;

/// Changes the schema, in every way under the lock.
///
/// On a transaction instead of a connection it works in a savepoint, and holds the lock until that transaction ends.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Steps::migrations()
    }

    async fn up<'c, C>(db: C, steps: Option<u32>) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        Steps::up(&tx, steps).await?;
        tx.commit().await
    }

    async fn down<'c, C>(db: C, steps: Option<u32>) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        Steps::down(&tx, steps).await?;
        tx.commit().await
    }

    async fn fresh<'c, C>(db: C) -> Result<(), DbErr>
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
        Steps::fresh(&tx).await?;
        tx.commit().await
    }

    async fn refresh<'c, C>(db: C) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        Steps::refresh(&tx).await?;
        tx.commit().await
    }

    async fn reset<'c, C>(db: C) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = begin(db).await?;
        Steps::reset(&tx).await?;
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
pub(crate) async fn begin<'c>(
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
        let lock = Query::select()
            .expr(Func::cust("pg_advisory_xact_lock").arg(LOCK))
            .take();
        tx.query_one(&lock).await?;
    }
    Ok(tx)
}
