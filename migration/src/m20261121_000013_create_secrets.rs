//! Keys that an installation makes for itself, so that every node has the same without being told.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = Table::create()
            .table("secrets")
            .col(schema::varchar(db, "name", 50).not_null().primary_key())
            .col(ColumnDef::new("value").blob().not_null())
            .take();
        schema::create(manager, table, []).await?;
        // What authenticates cursors. A version 4 UUID has 122 random bits from the server's strong generator.
        let random = match db {
            DbBackend::Postgres => "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())",
            _ => "randomblob(32)",
        };
        let mut insert = Query::insert();
        insert
            .into_table("secrets")
            .columns(["name", "value"])
            .values_panic(["cursor".into(), Expr::cust(random)]);
        manager.get_connection().execute(&insert).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "secrets").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
