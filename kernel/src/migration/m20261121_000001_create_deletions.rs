//! Deletions: who deleted what, and when. Every row that a deletion takes has its id.

use sea_orm_migration::prelude::*;

use super::schema;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = Table::create()
            .table("deletions")
            .col(schema::id())
            // There is no foreign key, because a deletion outlives a purged user.
            .col(ColumnDef::new("actor_id").big_integer())
            .col(schema::timestamp("deleted_at").not_null())
            .col(schema::varchar(db, "root_resource", 50).not_null())
            .col(ColumnDef::new("root_id").big_integer().not_null())
            .take();
        schema::create(manager, table, []).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "deletions").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
