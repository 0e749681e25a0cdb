//! Fewer indexes on posts: every insert pays for each of them. Each names the query that needs it.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The indexes that are replaced: their names and columns, and the statuses of their live rows.
const REPLACED: [(&str, &[&str], Rows); 9] = [
    ("author_id_status", &["author_id", "status"], Rows::All),
    (
        "status_created_at_live",
        &["status", "created_at-", "id-"],
        Rows::Live,
    ),
    ("id_live", &["id"], Rows::Live),
    ("author_id_id_live", &["author_id", "id"], Rows::Live),
    (
        "created_at_id_published",
        &["created_at", "id"],
        Rows::Published,
    ),
    (
        "author_id_id_published",
        &["author_id", "id"],
        Rows::Published,
    ),
    (
        "author_id_id_unpublished",
        &["author_id", "id"],
        Rows::Unpublished,
    ),
    (
        "author_id_created_at_id_unpublished",
        &["author_id", "created_at", "id"],
        Rows::Unpublished,
    ),
    // Its name stays, and its columns get one direction.
    ("status_id_live", &["status", "id-"], Rows::Live),
];

const ADDED: [(&str, &[&str], Rows); 3] = [
    // For the posts of one author with one status, by id. It has deleted rows too, so it also serves the cascades of the author.
    (
        "author_id_status_id",
        &["author_id", "status", "id"],
        Rows::All,
    ),
    // This serves the posts with one status, by id.
    ("status_id_live", &["status", "id"], Rows::Live),
    // For the order by the time of publication. Drafts, which have none, are listed by id.
    (
        "published_at_id_live",
        &["published_at", "id"],
        Rows::LiveWithFirst,
    ),
];

/// The rows of an index.
#[derive(Clone, Copy)]
enum Rows {
    All,
    Live,
    /// The live rows with a value in the first column.
    LiveWithFirst,
    Published,
    Unpublished,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, &REPLACED, &ADDED).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, &ADDED, &REPLACED).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn replace(
    manager: &SchemaManager<'_>,
    dropped: &[(&str, &[&'static str], Rows)],
    created: &[(&str, &[&'static str], Rows)],
) -> Result<(), DbErr> {
    for (name, ..) in dropped {
        let index = Index::drop().name(format!("posts_{name}")).to_owned();
        manager.drop_index(index).await?;
    }
    for (name, columns, rows) in created {
        manager.create_index(index(name, columns, *rows)).await?;
    }
    Ok(())
}

fn index(name: &str, columns: &[&'static str], rows: Rows) -> IndexCreateStatement {
    let mut index = schema::index("posts", name);
    for column in columns {
        match column.strip_suffix('-') {
            Some(column) => index.col((column, IndexOrder::Desc)),
            None => index.col(*column),
        };
    }
    let is_published = || Expr::col("status").eq("published");
    match rows {
        Rows::All => index.take(),
        Rows::Live => index.and_where(schema::live()).take(),
        Rows::LiveWithFirst => index
            .and_where(schema::live())
            .and_where(Expr::col(columns[0]).is_not_null())
            .take(),
        Rows::Published => index
            .and_where(schema::live())
            .and_where(is_published())
            .take(),
        Rows::Unpublished => index
            .and_where(schema::live())
            .and_where(is_published().not())
            .take(),
    }
}
