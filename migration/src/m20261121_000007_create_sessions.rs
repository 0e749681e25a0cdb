//! Sign-in sessions: the hash of each token, its user and its expiry.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("sessions")
            .col(schema::id())
            .col(ColumnDef::new("user_id").big_integer().not_null())
            .col(ColumnDef::new("token_hash").blob().not_null())
            .col(schema::timestamp("created_at").not_null())
            .col(schema::timestamp("expires_at").not_null())
            .foreign_key(&mut schema::reference("sessions", "user_id", "users"))
            .take();
        let indexes = [
            // This finds the caller of each request.
            schema::index("sessions", "token_hash")
                .unique()
                .col("token_hash")
                .take(),
            // This finds every session of a user, to end them.
            schema::index("sessions", "user_id").col("user_id").take(),
            // This finds expired sessions, to remove them.
            schema::index("sessions", "expires_at")
                .col("expires_at")
                .take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "sessions").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
