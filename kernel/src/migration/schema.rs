//! Columns, indexes and checks that tables share, in the dialect of either database.
//!
//! Applied migrations use these functions: if the output of one changes, the history of existing databases no longer matches it.
//! Add a new function instead.

use std::ops::RangeInclusive;

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// A table with the columns of every resource, among them the deletion that a deleted row belongs to.
pub fn resource(table: &'static str) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(id())
        .col(timestamp("created_at").not_null())
        .col(timestamp("updated_at").not_null())
        .col(timestamp("deleted_at"))
        .col(ColumnDef::new("deletion_id").big_integer())
        .col(ColumnDef::new("version").big_integer().not_null())
        .foreign_key(&mut reference(table, "deletion_id", "deletions"))
        .take()
}

/// The primary key: an identity on `PostgreSQL`, AUTOINCREMENT on `SQLite`. Neither gives an id twice.
pub fn id() -> ColumnDef {
    ColumnDef::new("id")
        .big_integer()
        .not_null()
        .auto_increment()
        .primary_key()
        .take()
}

/// A time without a default: `SQLite`'s default would be text in another form than the bound values, and sort wrongly among them.
pub fn timestamp(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}

pub fn varchar(db: DbBackend, name: &'static str, length: u32) -> ColumnDef {
    collated(db, ColumnDef::new(name).string_len(length))
}

pub fn text(db: DbBackend, name: &'static str) -> ColumnDef {
    collated(db, ColumnDef::new(name).text())
}

/// A text that sorts by bytes, as it always does on `SQLite`, so that pages and cursors agree on both databases and in any locale.
fn collated(db: DbBackend, column: &mut ColumnDef) -> ColumnDef {
    if db == DbBackend::Postgres {
        column.extra(r#"COLLATE "C""#);
    }
    column.take()
}

/// The check `{table}_{column}_length`, in characters. It holds on both databases; `SQLite` ignores the length of a varchar.
pub fn length(table: &str, column: &'static str, allowed: RangeInclusive<i32>) -> Check {
    let length = Expr::expr(Func::char_length(Expr::col(column)));
    let expr = match allowed.into_inner() {
        (0, max) => length.lte(max),
        (min, max) => length.between(min, max),
    };
    Check::named(format!("{table}_{column}_length"), expr)
}

/// The check `{table}_{column}_one_of`: a text column, which may be null, holds one of these texts.
pub fn one_of(table: &str, column: &'static str, texts: &[&str]) -> Check {
    let expr = Expr::col(column).is_in(texts.iter().copied());
    Check::named(format!("{table}_{column}_one_of"), expr)
}

/// A foreign key with NO ACTION: the service decides which rows a deletion or a purge takes along.
pub fn reference(
    table: &'static str,
    column: &'static str,
    to: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_{column}_fkey"))
        .from(table, column)
        .to(to, "id")
        .take()
}

pub fn index(table: &'static str, name: &str) -> IndexCreateStatement {
    Index::create()
        .name(format!("{table}_{name}"))
        .table(table)
        .take()
}

/// The index for restoring the rows of a deletion (`deletion_id = ?`), and for the foreign key when a deletion is removed.
/// Live rows, which are most of them, are not in it.
pub fn deletion_index(table: &'static str) -> IndexCreateStatement {
    index(table, "deletion_id")
        .col("deletion_id")
        .and_where(Expr::col("deletion_id").is_not_null())
        .take()
}

/// The indexes for the lists of every resource: by id and by age.
/// Deleted rows have an index of their own: in a common one, a page of a few deleted rows would read past many live ones.
pub fn list_indexes(table: &'static str) -> [IndexCreateStatement; 3] {
    let deleted = Expr::col("deleted_at").is_not_null();
    [
        index(table, "id_live").col("id").and_where(live()).take(),
        index(table, "created_at_id_live")
            .col("created_at")
            .col("id")
            .and_where(live())
            .take(),
        index(table, "id_deleted")
            .col("id")
            .and_where(deleted)
            .take(),
    ]
}

/// The condition of an index over rows that are not deleted.
pub fn live() -> Expr {
    Expr::col("deleted_at").is_null()
}

/// Adds an index to a table that may be large. On `PostgreSQL` it blocks no write, and the migration must return `Some(false)`
/// from `use_transaction`. An index that an earlier attempt left unfinished is made again.
pub async fn create_index_concurrently(
    manager: &SchemaManager<'_>,
    mut index: IndexCreateStatement,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let name = index.get_index_spec().get_name().unwrap_or_default();
        let mut unfinished = Index::drop();
        unfinished.name(name).concurrently().if_exists();
        manager.drop_index(unfinished).await?;
        index.concurrently();
    }
    manager.create_index(index).await
}

pub async fn create(
    manager: &SchemaManager<'_>,
    table: TableCreateStatement,
    indexes: impl IntoIterator<Item = IndexCreateStatement>,
) -> Result<(), DbErr> {
    manager.create_table(table).await?;
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

pub async fn drop(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(table).take()).await
}
