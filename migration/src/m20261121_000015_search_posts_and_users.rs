//! Search in posts and users.

use sea_orm_migration::prelude::*;

use crate::search;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        search::add(manager, "posts", &["title", "summary", "content"]).await?;
        search::add(manager, "users", &["username", "full_name"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        search::remove(manager, "users").await?;
        search::remove(manager, "posts").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
