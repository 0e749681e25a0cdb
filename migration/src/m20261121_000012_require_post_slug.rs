//! `posts.slug`, last of three steps: required, and unique among live posts.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{m20261121_000003_create_posts as posts, rebuild::rebuild};
use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let length = schema::length("posts", "slug", 1..=100);
        if db == DbBackend::Sqlite {
            let table = posts::table(db)
                .col(schema::varchar(db, "slug", 100).not_null())
                .check(length)
                .take();
            rebuild(manager, "posts", table, posts::indexes()).await?;
        } else {
            let alter = Table::alter()
                .table("posts")
                .modify_column(ColumnDef::new("slug").not_null())
                .take();
            manager.alter_table(alter).await?;
            // SeaQuery has no builder that adds a CHECK to an existing table.
            manager
                .get_connection()
                .execute_unprepared(
                    "ALTER TABLE posts ADD CONSTRAINT posts_slug_length CHECK (char_length(slug) BETWEEN 1 AND 100)",
                )
                .await?;
        }
        // For a post by its slug, and for checking whether a slug is taken.
        let index = schema::index("posts", "slug_live")
            .unique()
            .col("slug")
            .and_where(schema::live())
            .take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name("posts_slug_live").to_owned())
            .await?;
        let db = manager.get_database_backend();
        if db == DbBackend::Sqlite {
            let table = posts::table(db)
                .col(schema::varchar(db, "slug", 100))
                .take();
            return rebuild(manager, "posts", table, posts::indexes()).await;
        }
        let alter = Table::alter()
            .table("posts")
            .drop_constraint("posts_slug_length")
            .modify_column(ColumnDef::new("slug").null())
            .take();
        manager.alter_table(alter).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
