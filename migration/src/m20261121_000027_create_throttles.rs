//! Counters of failed sign-ins and guesses, and how long to wait.

use sea_orm_migration::prelude::*;

use kernel::migration::{schema, secret};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("throttles")
            // The keyed hash of an address, of an account, or of both, which are not stored themselves.
            .col(ColumnDef::new("key").blob().not_null().primary_key())
            .col(ColumnDef::new("failures").integer().not_null())
            .col(schema::timestamp("blocked_until").not_null())
            .col(schema::timestamp("expires_at").not_null())
            .take();
        let indexes = [
            // This finds expired counters, to remove them.
            schema::index("throttles", "expires_at")
                .col("expires_at")
                .take(),
        ];
        schema::create(manager, table, indexes).await?;
        // Tokens, cookies and counters are derived from this key and authenticated with it.
        secret(manager, "auth").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let auth = Query::delete()
            .from_table("secrets")
            .and_where(Expr::col("name").eq("auth"))
            .take();
        manager.get_connection().execute(&auth).await?;
        schema::drop(manager, "throttles").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
