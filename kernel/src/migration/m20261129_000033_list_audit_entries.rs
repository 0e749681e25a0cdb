//! A list that is only read needs an id and a time, so the view of the audit log loses the columns that were made up.

use sea_orm_migration::prelude::*;

use super::m20261121_000021_create_audit::view;

#[derive(DeriveMigrationName)]
pub struct Migration;

const VIEW: &str = "CREATE VIEW audit AS SELECT e.id, e.created_at, e.version, s.seq, e.actor_id, e.request_id, \
    e.resource, e.resource_id, e.action, e.changes \
    FROM audit_entries e LEFT JOIN audit_seals s ON s.entry_id = e.id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP VIEW audit").await?;
        db.execute_unprepared(VIEW).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        view(manager, manager.get_database_backend()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
