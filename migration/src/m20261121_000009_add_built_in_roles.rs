//! The roles that every installation has: `admin`, `editor` and `member`.

use std::time::Duration;

use sea_orm_migration::{
    prelude::*,
    sea_orm::prelude::{ChronoUtc, Json},
};

const ROLES: [(&str, &str, &[&str]); 3] = [
    ("admin", "May do everything", &["*"]),
    (
        "editor",
        "Looks after everybody's posts and comments",
        &["posts.*", "comments.*", "users.read"],
    ),
    (
        "member",
        "Writes posts and comments, and looks after their own",
        &[
            "posts.create.own",
            "posts.update.own",
            "posts.delete.own",
            "posts.restore.own",
            "posts.audit.own",
            "comments.create.own",
            "comments.update.own",
            "comments.delete.own",
            "comments.restore.own",
            "comments.audit.own",
            "users.read.own",
            "users.update.own",
            "users.delete.own",
        ],
    ),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite stores it as text: UTC in microseconds, as every other writer binds it.
        let now = ChronoUtc::now();
        let now = now - Duration::from_nanos(u64::from(now.timestamp_subsec_nanos() % 1_000));
        let mut insert = Query::insert();
        insert.into_table("roles").columns([
            "created_at",
            "updated_at",
            "version",
            "name",
            "description",
            "permissions",
            "is_system",
        ]);
        for (name, description, permissions) in ROLES {
            insert.values_panic([
                now.into(),
                now.into(),
                1_i64.into(),
                name.into(),
                description.into(),
                Json::from(permissions.to_vec()).into(),
                true.into(),
            ]);
        }
        manager.execute(insert).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let built_in = Expr::col("is_system")
            .eq(true)
            .and(Expr::col("name").is_in(ROLES.map(|(name, ..)| name)));
        let ids = Query::select()
            .column("id")
            .from("roles")
            .and_where(built_in.clone())
            .take();
        manager
            .execute(
                Query::delete()
                    .from_table("user_roles")
                    .and_where(Expr::col("role_id").in_subquery(ids))
                    .take(),
            )
            .await?;
        manager
            .execute(
                Query::delete()
                    .from_table("roles")
                    .and_where(built_in)
                    .take(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
