//! The mode of all nodes: whether an administrator made them read-only. The table has at most one row.

use sea_orm_migration::prelude::*;

use super::schema;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id = ColumnDef::new("id")
            .big_integer()
            .not_null()
            .primary_key()
            .take();
        let table = Table::create()
            .table("server_modes")
            .col(id)
            .col(ColumnDef::new("is_read_only").boolean().not_null())
            .col(schema::timestamp("changed_at").not_null())
            .take();
        schema::create(manager, table, []).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "server_modes").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
