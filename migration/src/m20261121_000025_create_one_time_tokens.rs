//! One-time tokens, which are sent by mail and valid once, and the addresses that users verified with them.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let tokens = Table::create()
            .table("one_time_tokens")
            .col(schema::id())
            // Null for an invitation, which creates an account.
            .col(ColumnDef::new("user_id").big_integer())
            .col(schema::varchar(db, "purpose", 20).not_null())
            .col(ColumnDef::new("token_hash").blob().not_null())
            // The address that the token proves, if it proves one.
            .col(schema::varchar(db, "email", 255))
            .col(schema::timestamp("created_at").not_null())
            .col(schema::timestamp("expires_at").not_null())
            .foreign_key(&mut schema::reference(
                "one_time_tokens",
                "user_id",
                "users",
            ))
            .take();
        let verified = Table::create()
            .table("verified_emails")
            .col(
                ColumnDef::new("user_id")
                    .big_integer()
                    .not_null()
                    .primary_key(),
            )
            // The normalized address: any other address is not verified.
            .col(schema::text(db, "email_key").not_null())
            .col(schema::timestamp("verified_at").not_null())
            .foreign_key(&mut schema::reference(
                "verified_emails",
                "user_id",
                "users",
            ))
            .take();
        let indexes = [
            schema::index("one_time_tokens", "token_hash")
                .unique()
                .col("token_hash")
                .take(),
            // This finds the older tokens of a user with the same purpose, to void them.
            schema::index("one_time_tokens", "user_id_purpose")
                .col("user_id")
                .col("purpose")
                .take(),
            // This finds expired tokens, to remove them.
            schema::index("one_time_tokens", "expires_at")
                .col("expires_at")
                .take(),
        ];
        schema::create(manager, tokens, indexes).await?;
        schema::create(manager, verified, []).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "verified_emails").await?;
        schema::drop(manager, "one_time_tokens").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
