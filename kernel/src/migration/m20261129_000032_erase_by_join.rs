//! Erases the values of many rows at once in seconds instead of minutes.

use sea_orm_migration::prelude::*;

use super::audit;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        audit::erase_by_join(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        audit::erase_by_any(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
