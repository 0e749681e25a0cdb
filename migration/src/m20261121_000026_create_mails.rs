//! Mail that is to be sent: what it is about, and to whom. Its secrets are made when it is sent.

use sea_orm_migration::prelude::*;

use crate::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = Table::create()
            .table("mails")
            .col(schema::id())
            // None where it is for nobody's account.
            .col(ColumnDef::new("user_id").big_integer())
            .col(schema::varchar(db, "recipient", 255).not_null())
            .col(schema::varchar(db, "template", 50).not_null())
            .col(ColumnDef::new("data").json_binary().not_null())
            .col(ColumnDef::new("attempts").integer().not_null())
            .col(schema::timestamp("created_at").not_null())
            .col(schema::timestamp("next_attempt_at").not_null())
            .foreign_key(&mut schema::reference("mails", "user_id", "users"))
            .take();
        let indexes = [
            // What is due, the longest waiting first.
            schema::index("mails", "next_attempt_at")
                .col("next_attempt_at")
                .take(),
            schema::index("mails", "user_id").col("user_id").take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "mails").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
