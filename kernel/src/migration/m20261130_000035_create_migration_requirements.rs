//! Records which migrations a program must know to work with the schema.

use sea_orm_migration::prelude::*;

use super::schema;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = Table::create()
            .table("migration_requirements")
            .col(
                schema::varchar(db, "migration", 255)
                    .not_null()
                    .primary_key(),
            )
            .col(schema::varchar(db, "required", 255).not_null())
            .take();
        schema::create(manager, table, []).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "migration_requirements").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
