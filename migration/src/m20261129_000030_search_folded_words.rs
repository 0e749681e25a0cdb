//! Search uses words that the service folds, no longer those that each database makes of a text.

use sea_orm_migration::prelude::*;

use crate::search;
use kernel::migration::side_table;

const SEARCHED: [(&str, &[&str]); 2] = [
    ("posts", &["title", "summary", "content"]),
    ("users", &["username", "full_name"]),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, columns) in SEARCHED {
            search::remove(manager, table).await?;
            side_table::add(manager, table, columns).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, columns) in SEARCHED {
            side_table::remove(manager, table).await?;
            search::add(manager, table, columns).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
