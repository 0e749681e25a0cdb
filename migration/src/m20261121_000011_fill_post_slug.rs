//! `posts.slug`, second of three steps: every post without one gets one from its title.
//!
//! Every slug becomes unique, also among deleted posts, so that a restored post can keep its slug.

use std::collections::{HashMap, HashSet};

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use kernel::migration::schema;

use crate::slugs::{Suffixes, suggestion};

/// Posts per round: three parameters each stay far below the 32,766 that a statement may have on `SQLite`.
const BATCH: u64 = 500;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// `version` and `updated_at` stay, because no client changed these posts.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // For checking whether a slug is taken, once per batch. The next migration makes the lasting index.
        let index = schema::index("posts", "slug_fill")
            .col("slug")
            .and_where(Expr::col("slug").is_not_null())
            .take();
        manager.create_index(index).await?;
        scan_tables(manager, false).await?;

        let mut suffixes = Suffixes::default();
        let mut after = 0;
        loop {
            let posts = without_slug(manager, after).await?;
            let Some((last, _)) = posts.last() else { break };
            after = *last;
            let slugs = choose(manager, &mut suffixes, posts).await?;
            write(manager, slugs).await?;
        }
        scan_tables(manager, true).await?;
        manager
            .drop_index(Index::drop().name("posts_slug_fill").to_owned())
            .await
    }

    /// Does nothing: generated slugs look like chosen ones, and rolling back the previous migration drops the column.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Turns sequential scans on or off. A new column has no statistics, so `PostgreSQL`'s planner would read the whole table for every batch.
async fn scan_tables(manager: &SchemaManager<'_>, allowed: bool) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let value = if allowed { "DEFAULT" } else { "off" };
    manager
        .get_connection()
        .execute_unprepared(&format!("SET LOCAL enable_seqscan TO {value}"))
        .await?;
    Ok(())
}

/// Reads the next `BATCH` posts by id that have no slug, each with the slug of its title.
async fn without_slug(
    manager: &SchemaManager<'_>,
    after: i64,
) -> Result<Vec<(i64, String)>, DbErr> {
    let select = Query::select()
        .columns(["id", "title"])
        .from("posts")
        .and_where(Expr::col("id").gt(after))
        .and_where(Expr::col("slug").is_null())
        .order_by("id", Order::Asc)
        .limit(BATCH)
        .take();
    let rows = manager.get_connection().query_all(&select).await?;
    rows.into_iter()
        .map(|row| {
            let title: String = row.try_get("", "title")?;
            Ok((row.try_get("", "id")?, suggestion(&title)))
        })
        .collect()
}

/// Chooses a free slug for each post. A batch costs one query, plus one whenever a suffix is taken, which each existing
/// slug can cause once.
async fn choose(
    manager: &SchemaManager<'_>,
    suffixes: &mut Suffixes,
    mut posts: Vec<(i64, String)>,
) -> Result<HashMap<i64, String>, DbErr> {
    let mut chosen = HashMap::new();
    let mut claimed = HashSet::new();
    while !posts.is_empty() {
        let wanted: Vec<String> = posts.iter().map(|(_, base)| suffixes.next(base)).collect();
        let taken = taken(manager, &wanted).await?;
        let mut again = Vec::new();
        for ((id, base), slug) in posts.into_iter().zip(wanted) {
            if taken.contains(&slug) || !claimed.insert(slug.clone()) {
                suffixes.start(&base);
                again.push((id, base));
            } else {
                chosen.insert(id, slug);
            }
        }
        posts = again;
    }
    Ok(chosen)
}

async fn taken(manager: &SchemaManager<'_>, wanted: &[String]) -> Result<HashSet<String>, DbErr> {
    let select = Query::select()
        .column("slug")
        .from("posts")
        .and_where(Expr::col("slug").is_in(wanted))
        .take();
    let rows = manager.get_connection().query_all(&select).await?;
    rows.into_iter()
        .map(|row| row.try_get("", "slug"))
        .collect()
}

/// Writes the slugs of a batch with one statement.
async fn write(manager: &SchemaManager<'_>, slugs: HashMap<i64, String>) -> Result<(), DbErr> {
    let ids: Vec<i64> = slugs.keys().copied().collect();
    let slug = slugs
        .into_iter()
        .fold(CaseStatement::new(), |case, (id, slug)| {
            case.case(Expr::col("id").eq(id), slug)
        });
    let update = Query::update()
        .table("posts")
        .value("slug", slug)
        .and_where(Expr::col("id").is_in(ids))
        .take();
    manager.execute(update).await
}
