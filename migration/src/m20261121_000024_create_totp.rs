//! Second factors: the encrypted secret of each user, and the recovery codes for a lost device.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

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
            // Null until the user has confirmed it with a code.
            .col(schema::timestamp("confirmed_at"))
            // The time step of the last accepted code: no code is accepted twice (RFC 6238, section 5.2).
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
            // For a code of a user; no user has the same one twice.
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
