//! The answers to requests with an `Idempotency-Key`, stored with their effect.

use sea_orm_migration::prelude::*;

use super::schema;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        // There is no foreign key, because the request with the key may purge its own user.
        let table = Table::create()
            .table("idempotency_keys")
            .col(ColumnDef::new("user_id").big_integer().not_null())
            .col(schema::varchar(db, "key", 255).not_null())
            .col(ColumnDef::new("fingerprint").blob().not_null())
            .col(schema::text(db, "outcome"))
            .col(schema::timestamp("created_at").not_null())
            .primary_key(Index::create().col("user_id").col("key"))
            .check(schema::length("idempotency_keys", "key", 1..=255))
            .take();
        let indexes = [
            // The removal of expired keys uses this index.
            schema::index("idempotency_keys", "created_at")
                .col("created_at")
                .take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "idempotency_keys").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
