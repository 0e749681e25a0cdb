//! Which user has which role. The table has exactly two foreign keys, by which the generator recognises a many-to-many relation.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("user_roles")
            .col(ColumnDef::new("user_id").big_integer().not_null())
            .col(ColumnDef::new("role_id").big_integer().not_null())
            .col(schema::timestamp("created_at").not_null())
            // It serves the roles of a user too.
            .primary_key(Index::create().col("user_id").col("role_id"))
            .foreign_key(&mut schema::reference("user_roles", "user_id", "users"))
            .foreign_key(&mut schema::reference("user_roles", "role_id", "roles"))
            .take();
        let indexes = [
            // This finds the users of a role, also for its purge.
            schema::index("user_roles", "role_id").col("role_id").take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "user_roles").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
