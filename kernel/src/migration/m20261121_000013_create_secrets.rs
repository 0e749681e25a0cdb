//! Keys that an installation generates, so that every node has the same ones without configuration.

use sea_orm_migration::prelude::*;

use super::{schema, secrets::secret};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = Table::create()
            .table("secrets")
            .col(schema::varchar(db, "name", 50).not_null().primary_key())
            .col(ColumnDef::new("value").blob().not_null())
            .take();
        schema::create(manager, table, []).await?;
        // This key authenticates cursors.
        secret(manager, "cursor").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "secrets").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
