//! The queue of mails: what each is about, and its recipient. Tokens are made when a mail is sent.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = Table::create()
            .table("mails")
            .col(schema::id())
            // Null if the recipient has no account.
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
            // For the mails that are due, the longest waiting first.
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
