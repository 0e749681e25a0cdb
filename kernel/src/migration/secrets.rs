//! Keys that an installation generates.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Stores a random key of 32 bytes. On `PostgreSQL` it is two version 4 UUIDs, each with 122 random bits from the server's strong generator.
pub async fn secret(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let random = match manager.get_database_backend() {
        DbBackend::Postgres => "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())",
        _ => "randomblob(32)",
    };
    let mut insert = Query::insert();
    insert
        .into_table("secrets")
        .columns(["name", "value"])
        .values_panic([name.into(), Expr::cust(random)]);
    manager.get_connection().execute(&insert).await?;
    Ok(())
}
