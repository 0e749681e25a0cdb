//! Posts, as they were before they had a slug.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        schema::create(manager, table(db), indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "posts").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A rebuild of the table starts from this definition too.
pub(crate) fn table(db: DbBackend) -> TableCreateStatement {
    schema::resource("posts")
        .col(ColumnDef::new("author_id").big_integer().not_null())
        .col(schema::varchar(db, "title", 255).not_null())
        .col(schema::varchar(db, "summary", 500))
        .col(schema::text(db, "content").not_null())
        .col(schema::varchar(db, "status", 16).not_null())
        .col(schema::timestamp("published_at"))
        .foreign_key(&mut schema::reference("posts", "author_id", "users"))
        .check(schema::length("posts", "title", 1..=255))
        .check(schema::length("posts", "summary", 0..=500))
        .check(schema::length("posts", "content", 1..=100_000))
        .check(Check::named(
            "posts_status_known",
            Expr::col("status").is_in(["draft", "published", "archived"]),
        ))
        .take()
}

pub(crate) fn indexes() -> [IndexCreateStatement; 4] {
    [
        schema::deletion_index("posts"),
        // For one author's posts, by status or all. It has deleted rows too, so it also serves the cascades of the author.
        schema::index("posts", "author_id_status")
            .col("author_id")
            .col("status")
            .take(),
        // For the public list: one status, newest first.
        schema::index("posts", "status_created_at_live")
            .col("status")
            .col(("created_at", IndexOrder::Desc))
            .col(("id", IndexOrder::Desc))
            .and_where(schema::live())
            .take(),
        // This serves one status by descending id, and by cursor.
        schema::index("posts", "status_id_live")
            .col("status")
            .col(("id", IndexOrder::Desc))
            .and_where(schema::live())
            .take(),
    ]
}
