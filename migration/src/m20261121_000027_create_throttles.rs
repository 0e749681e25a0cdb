//! How often somebody failed to prove who they are, and how long they have to wait.

use sea_orm_migration::prelude::*;

use crate::{schema, secrets::secret};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("throttles")
            // The keyed hash of an address, of an account, or of both: none of them is kept.
            .col(ColumnDef::new("key").blob().not_null().primary_key())
            .col(ColumnDef::new("failures").integer().not_null())
            .col(schema::timestamp("blocked_until").not_null())
            .col(schema::timestamp("expires_at").not_null())
            .take();
        let indexes = [
            // Removing what is forgotten.
            schema::index("throttles", "expires_at")
                .col("expires_at")
                .take(),
        ];
        schema::create(manager, table, indexes).await?;
        // What tokens, cookies and counters are derived and authenticated with.
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
