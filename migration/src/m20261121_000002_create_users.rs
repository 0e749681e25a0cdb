//! Users, and the normalized names and addresses that are unique among live users.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = schema::resource("users")
            .col(schema::varchar(db, "username", 50).not_null())
            .col(schema::varchar(db, "username_key", 50).not_null())
            .col(schema::varchar(db, "email", 255).not_null())
            // It is a text, because NFKC makes some addresses longer than they were typed.
            .col(schema::text(db, "email_key").not_null())
            .col(schema::varchar(db, "full_name", 255))
            .col(schema::varchar(db, "bio", 2000))
            .col(schema::varchar(db, "password_hash", 255).not_null())
            .col(
                ColumnDef::new("is_active")
                    .boolean()
                    .not_null()
                    .default(true),
            )
            .col(
                ColumnDef::new("is_superuser")
                    .boolean()
                    .not_null()
                    .default(false),
            )
            .check(schema::length("users", "username", 3..=50))
            .check(schema::length("users", "email", 0..=255))
            .check(schema::length("users", "full_name", 0..=255))
            .check(schema::length("users", "bio", 0..=2000))
            .check(schema::length("users", "password_hash", 0..=255))
            .take();
        let indexes = [
            schema::deletion_index("users"),
            // For sign-in and lookup by name; two live users never have the same one.
            schema::index("users", "username_key_live")
                .unique()
                .col("username_key")
                .and_where(schema::live())
                .take(),
            // For sign-in and lookup by address; two live users never have the same one.
            schema::index("users", "email_key_live")
                .unique()
                .col("email_key")
                .and_where(schema::live())
                .take(),
            // For the check that an active superuser remains.
            schema::index("users", "active_superusers")
                .col("id")
                .and_where(Expr::col("is_superuser").eq(true))
                .and_where(Expr::col("is_active").eq(true))
                .and_where(schema::live())
                .take(),
        ];
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "users").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
