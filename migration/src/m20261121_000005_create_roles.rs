//! Roles: named sets of permissions.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = schema::resource("roles")
            .col(schema::varchar(db, "name", 50).not_null())
            .col(schema::varchar(db, "description", 255))
            // One JSON array of strings, as the creator of the role wrote it.
            .col(ColumnDef::new("permissions").json_binary().not_null())
            .col(
                ColumnDef::new("is_system")
                    .boolean()
                    .not_null()
                    .default(false),
            )
            .check(schema::length("roles", "name", 2..=50))
            .check(schema::length("roles", "description", 0..=255))
            .take();
        let indexes = [
            schema::deletion_index("roles"),
            // For a role by its name; two live roles never have the same one.
            schema::index("roles", "name_live")
                .unique()
                .col("name")
                .and_where(schema::live())
                .take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "roles").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
