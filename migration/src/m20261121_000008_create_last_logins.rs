//! When each user last signed in. This is not a column of `users`, so that a sign-in makes no new version of the user.

use sea_orm_migration::prelude::*;

use kernel::migration::schema;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("last_logins")
            .col(
                ColumnDef::new("user_id")
                    .big_integer()
                    .not_null()
                    .primary_key(),
            )
            .col(schema::timestamp("last_login_at").not_null())
            .foreign_key(&mut schema::reference("last_logins", "user_id", "users"))
            .take();
        schema::create(manager, table, []).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "last_logins").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
