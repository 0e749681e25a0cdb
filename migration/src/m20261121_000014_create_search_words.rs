//! A function that splits a text into words. `PostgreSQL`'s own parser would split it differently from `SQLite`, and differently in each locale.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// `SQLite` needs no function: its tokenizer does the same.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        // ICU knows letters outside ASCII in every locale of the database. A server built without ICU has only the database's locale.
        let collation = if has_icu(manager).await? {
            "und-x-icu"
        } else {
            "default"
        };
        let sql = format!(
            r#"CREATE OR REPLACE FUNCTION search_words(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
                SELECT lower(regexp_replace($1 COLLATE pg_catalog."{collation}", '[^[:alnum:]\u0300-\u036f]+', ' ', 'g'))
            $$"#
        );
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let drop = "DROP FUNCTION search_words(text)";
            manager.get_connection().execute_unprepared(drop).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn has_icu(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    let select = Query::select()
        .column("collname")
        .from(("pg_catalog", "pg_collation"))
        .and_where(Expr::col("collname").eq("und-x-icu"))
        .take();
    let found = manager.get_connection().query_one(&select).await?;
    Ok(found.is_some())
}
