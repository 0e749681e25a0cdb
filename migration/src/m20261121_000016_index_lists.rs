//! Indexes that make every page of a list cost the same, at any position and among any number of deleted rows or drafts.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indexes() {
            let name = index.get_index_spec().get_name().unwrap_or_default();
            manager
                .drop_index(Index::drop().name(name).to_owned())
                .await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn indexes() -> impl Iterator<Item = IndexCreateStatement> {
    let every = ["users", "roles", "posts", "comments"].map(schema::list_indexes);
    let live = |table, name: &str, columns: &[&'static str]| {
        let mut index = schema::index(table, name);
        for column in columns {
            index.col(*column);
        }
        index.and_where(schema::live()).take()
    };
    // The status is not the first column: PostgreSQL's planner avoids an index that begins with a column of few values, and
    // reads past the drafts instead.
    let public = |name, columns: &[&'static str]| {
        let mut index = live("posts", name, columns);
        index.and_where(Expr::col("status").eq("published")).take()
    };
    let own = |name, columns: &[&'static str]| {
        let mut index = live("posts", name, columns);
        let unpublished = Expr::col("status").eq("published").not();
        index.and_where(unpublished).take()
    };
    let others = [
        // This serves the posts of an author, and the comments of a post.
        live("posts", "author_id_id_live", &["author_id", "id"]),
        live("comments", "post_id_id_live", &["post_id", "id"]),
        // For the lists of posts that callers see without signing in.
        public("id_published", &["id"]),
        public("created_at_id_published", &["created_at", "id"]),
        public("author_id_id_published", &["author_id", "id"]),
        // For the drafts that authors see in addition.
        own("author_id_id_unpublished", &["author_id", "id"]),
        own(
            "author_id_created_at_id_unpublished",
            &["author_id", "created_at", "id"],
        ),
    ];
    every.into_iter().flatten().chain(others)
}
