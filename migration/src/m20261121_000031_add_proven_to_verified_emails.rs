//! `verified_emails.is_proven`: false if the operator or an invitation set the address, and no mail has verified it.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_proven = ColumnDef::new("is_proven")
            .boolean()
            .not_null()
            .default(true)
            .take();
        let alter = Table::alter()
            .table("verified_emails")
            .add_column(is_proven)
            .take();
        manager.alter_table(alter).await
    }

    /// Removes the addresses that no mail has verified.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let unproven = Query::delete()
            .from_table("verified_emails")
            .and_where(Expr::col("is_proven").eq(false))
            .take();
        manager.execute(unproven).await?;
        let alter = Table::alter()
            .table("verified_emails")
            .drop_column("is_proven")
            .take();
        manager.alter_table(alter).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
