//! Second factors: the secret of each user, encrypted, and the codes for when the device is lost.

use sea_orm_migration::prelude::*;

use crate::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let secrets = Table::create()
            .table("totp_secrets")
            .col(
                ColumnDef::new("user_id")
                    .big_integer()
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new("secret").blob().not_null())
            .col(schema::timestamp("created_at").not_null())
            // None until a code of it was shown once.
            .col(schema::timestamp("confirmed_at"))
            // The time step of the last code that was taken: none is taken twice (RFC 6238, section 5.2).
            .col(ColumnDef::new("last_step").big_integer())
            .foreign_key(&mut schema::reference("totp_secrets", "user_id", "users"))
            .take();
        let codes = Table::create()
            .table("recovery_codes")
            .col(schema::id())
            .col(ColumnDef::new("user_id").big_integer().not_null())
            .col(ColumnDef::new("code_hash").blob().not_null())
            .foreign_key(&mut schema::reference("recovery_codes", "user_id", "users"))
            .take();
        let indexes = [
            // A code of a user, which none has twice.
            schema::index("recovery_codes", "user_id_code_hash")
                .unique()
                .col("user_id")
                .col("code_hash")
                .take(),
        ];
        schema::create(manager, secrets, []).await?;
        schema::create(manager, codes, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "recovery_codes").await?;
        schema::drop(manager, "totp_secrets").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
