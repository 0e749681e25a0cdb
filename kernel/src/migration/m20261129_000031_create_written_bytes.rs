//! Counts the bytes that each user stored in each hour: in answers under idempotency keys, and in the history.

use sea_orm_migration::prelude::*;

use super::schema;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        // There is no foreign key, because the counted request may purge its own user.
        let table = Table::create()
            .table("written_bytes")
            .col(ColumnDef::new("user_id").big_integer().not_null())
            .col(schema::varchar(db, "kind", 20).not_null())
            // The number of whole hours since 1970, UTC.
            .col(ColumnDef::new("hour").big_integer().not_null())
            .col(ColumnDef::new("bytes").big_integer().not_null())
            .primary_key(Index::create().col("user_id").col("kind").col("hour"))
            .check(schema::length("written_bytes", "kind", 1..=20))
            .take();
        let indexes = [
            // The removal of hours that no longer count uses this index.
            schema::index("written_bytes", "hour").col("hour").take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "written_bytes").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
