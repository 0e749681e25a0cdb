//! Comments on posts.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = schema::resource("comments")
            .col(ColumnDef::new("post_id").big_integer().not_null())
            .col(ColumnDef::new("author_id").big_integer().not_null())
            .col(schema::text(db, "body").not_null())
            .foreign_key(&mut schema::reference("comments", "post_id", "posts"))
            .foreign_key(&mut schema::reference("comments", "author_id", "users"))
            .check(schema::length("comments", "body", 1..=10_000))
            .take();
        let indexes = [
            schema::deletion_index("comments"),
            // This serves the comments of a post in order, and its cascades.
            schema::index("comments", "post_id_id")
                .col("post_id")
                .col("id")
                .take(),
            // This serves the comments of an author, and the cascades of the author.
            schema::index("comments", "author_id")
                .col("author_id")
                .take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "comments").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
