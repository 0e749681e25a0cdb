//! API keys of programs: the hash of each, its owner, its scopes and its expiry.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = Table::create()
            .table("api_keys")
            .col(schema::id())
            .col(ColumnDef::new("user_id").big_integer().not_null())
            .col(schema::varchar(db, "name", 100).not_null())
            // The part by which its owner recognises it.
            .col(schema::varchar(db, "prefix", 20).not_null())
            .col(ColumnDef::new("key_hash").blob().not_null())
            // One JSON array of permissions, as the owner wrote it.
            .col(ColumnDef::new("scopes").json_binary().not_null())
            .col(schema::timestamp("created_at").not_null())
            .col(schema::timestamp("last_used_at"))
            .col(schema::timestamp("expires_at"))
            .foreign_key(&mut schema::reference("api_keys", "user_id", "users"))
            .check(schema::length("api_keys", "name", 1..=100))
            .take();
        let indexes = [
            // This finds the caller of each request.
            schema::index("api_keys", "key_hash")
                .unique()
                .col("key_hash")
                .take(),
            schema::index("api_keys", "user_id").col("user_id").take(),
            // This finds expired keys, to remove them.
            schema::index("api_keys", "expires_at")
                .col("expires_at")
                .take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "api_keys").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
