//! Sign-in sessions whose tokens can be refreshed. Earlier sessions end, because they have no refresh token.

use sea_orm_migration::prelude::*;

use crate::m20261121_000007_create_sessions;
use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        schema::drop(manager, "sessions").await?;
        let table = Table::create()
            .table("sessions")
            .col(schema::id())
            .col(ColumnDef::new("user_id").big_integer().not_null())
            // The part that all tokens of a session share, so that an earlier token finds its session too.
            .col(ColumnDef::new("family_hash").blob().not_null())
            .col(ColumnDef::new("token_hash").blob().not_null())
            // Null for a cookie, which lasts as long as its session.
            .col(ColumnDef::new("refresh_hash").blob())
            .col(ColumnDef::new("previous_token_hash").blob())
            .col(ColumnDef::new("previous_refresh_hash").blob())
            .col(schema::timestamp("replaced_at"))
            .col(schema::timestamp("token_expires_at").not_null())
            .col(schema::varchar(db, "label", 200))
            .col(schema::timestamp("created_at").not_null())
            .col(schema::timestamp("last_used_at").not_null())
            .col(schema::timestamp("expires_at").not_null())
            .foreign_key(&mut schema::reference("sessions", "user_id", "users"))
            .check(schema::length("sessions", "label", 0..=200))
            .take();
        let indexes = [
            // This finds the caller of each request.
            schema::index("sessions", "family_hash")
                .unique()
                .col("family_hash")
                .take(),
            // This finds the sessions of a user, to show or end them.
            schema::index("sessions", "user_id").col("user_id").take(),
            // This finds expired and unused sessions, to remove them.
            schema::index("sessions", "expires_at")
                .col("expires_at")
                .take(),
            schema::index("sessions", "last_used_at")
                .col("last_used_at")
                .take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "sessions").await?;
        m20261121_000007_create_sessions::Migration
            .up(manager)
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
