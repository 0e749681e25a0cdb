//! `posts.slug`, first of three steps: a nullable column, which neither locks nor rewrites the table.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let alter = Table::alter()
            .table("posts")
            .add_column(schema::varchar(db, "slug", 100))
            .take();
        manager.alter_table(alter).await
    }

    /// Loses the slugs that clients chose; `up` makes the generated ones again.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let alter = Table::alter().table("posts").drop_column("slug").take();
        manager.alter_table(alter).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
