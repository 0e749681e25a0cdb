//! Rebuilds a `SQLite` table, for changes that `SQLite`'s ALTER TABLE cannot make.

use sea_orm_migration::prelude::*;

/// Gives `table` the definition `create`, which may only have columns of the old table, and these indexes.
///
/// Rows, ids and the highest id ever given stay. It runs in the migration's transaction. Other tables may refer to this one
/// with NO ACTION only: a cascade would delete their rows with the old table. Triggers are created again after the rows are
/// back. A migration that drops a column of a trigger removes the trigger first (`side_table::remove`, and
/// `side_table::add` after it).
pub(crate) async fn rebuild(
    manager: &SchemaManager<'_>,
    table: &'static str,
    create: TableCreateStatement,
    indexes: impl IntoIterator<Item = IndexCreateStatement>,
) -> Result<(), DbErr> {
    // References dangle between drop and insert. The table keeps its name: after `ALTER TABLE … RENAME` they would still
    // dangle, and the commit would fail.
    let db = manager.get_connection();
    db.execute_unprepared("PRAGMA defer_foreign_keys = ON")
        .await?;

    let columns: Vec<DynIden> = create
        .get_columns()
        .iter()
        .map(|column| column.get_column_name().into_iden())
        .collect();
    let aside = format!("{table}_rows");
    let last_id = last_id(manager, table).await?;
    let triggers = triggers(manager, table).await?;

    // The columns have no type, so that SQLite stores every value unchanged.
    let mut copy = Table::create();
    copy.table(aside.clone());
    for column in &columns {
        copy.col(ColumnDef::new(column.clone()));
    }
    manager.create_table(copy).await?;
    copy_rows(manager, table.to_owned(), aside.clone(), &columns).await?;
    manager
        .drop_table(Table::drop().table(table).take())
        .await?;
    manager.create_table(create).await?;
    copy_rows(manager, aside.clone(), table.to_owned(), &columns).await?;
    manager
        .drop_table(Table::drop().table(aside).take())
        .await?;

    restore_last_id(manager, table, last_id).await?;
    for index in indexes {
        manager.create_index(index).await?;
    }
    for trigger in triggers {
        db.execute_unprepared(&trigger).await?;
    }
    Ok(())
}

/// Reads the triggers of a table. They are dropped with it, and dropping it fires none of them.
async fn triggers(manager: &SchemaManager<'_>, table: &str) -> Result<Vec<String>, DbErr> {
    let select = Query::select()
        .column("sql")
        .from("sqlite_schema")
        .and_where(Expr::col("type").eq("trigger"))
        .and_where(Expr::col("tbl_name").eq(table))
        .order_by("name", Order::Asc)
        .take();
    let rows = manager.get_connection().query_all(&select).await?;
    rows.iter().map(|row| row.try_get("", "sql")).collect()
}

async fn copy_rows(
    manager: &SchemaManager<'_>,
    from: String,
    to: String,
    columns: &[DynIden],
) -> Result<(), DbErr> {
    let rows = Query::select()
        .columns(columns.iter().cloned())
        .from(from)
        .take();
    let insert = Query::insert()
        .into_table(to)
        .columns(columns.iter().cloned())
        .select_from(rows)
        .map_err(|error| DbErr::Migration(error.to_string()))?
        .take();
    manager.execute(insert).await
}

/// Reads the highest id that AUTOINCREMENT ever gave, which is lost when the table is dropped.
async fn last_id(manager: &SchemaManager<'_>, table: &str) -> Result<Option<i64>, DbErr> {
    let select = Query::select()
        .column("seq")
        .from("sqlite_sequence")
        .and_where(Expr::col("name").eq(table))
        .take();
    let row = manager.get_connection().query_one(&select).await?;
    row.map(|row| row.try_get("", "seq")).transpose()
}

async fn restore_last_id(
    manager: &SchemaManager<'_>,
    table: &str,
    last_id: Option<i64>,
) -> Result<(), DbErr> {
    let Some(last_id) = last_id else {
        return Ok(());
    };
    let forget = Query::delete()
        .from_table("sqlite_sequence")
        .and_where(Expr::col("name").eq(table))
        .take();
    manager.execute(forget).await?;
    let remember = Query::insert()
        .into_table("sqlite_sequence")
        .columns(["name", "seq"])
        .values_panic([table.into(), last_id.into()])
        .take();
    manager.execute(remember).await
}
