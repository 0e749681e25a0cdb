//! What is sent by mail to be brought back once, and which address of a user was verified so.

use sea_orm_migration::prelude::*;

use crate::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let tokens = Table::create()
            .table("one_time_tokens")
            .col(schema::id())
            // None: whoever comes with it makes an account.
            .col(ColumnDef::new("user_id").big_integer())
            .col(schema::varchar(db, "purpose", 20).not_null())
            .col(ColumnDef::new("token_hash").blob().not_null())
            // The address that it was sent to, where that is what it proves.
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
            // The address as it is compared: another one is not verified.
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
            // A new one of a purpose ends the older ones of the user.
            schema::index("one_time_tokens", "user_id_purpose")
                .col("user_id")
                .col("purpose")
                .take(),
            // Removing the expired ones.
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
