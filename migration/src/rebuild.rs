//! Rebuilds a `SQLite` table, for the changes that ALTER TABLE cannot make there.

use sea_orm_migration::prelude::*;

/// Gives `table` the shape of `create`, which must name columns that the old one has, and these indexes.
///
/// Rows, ids and the last id ever given stay. Runs in the migration's transaction; other tables may refer to this one
/// as long as they do so with NO ACTION: a cascade would delete their rows with the old table. Triggers are made again
/// as they were, once the rows are back: a step that drops a column which one of them names removes that trigger first
/// (`side_table::remove`, and `side_table::add` after it).
pub(crate) async fn rebuild(
    manager: &SchemaManager<'_>,
    table: &'static str,
    create: TableCreateStatement,
    indexes: impl IntoIterator<Item = IndexCreateStatement>,
) -> Result<(), DbErr> {
    // References dangle between drop and insert. The table keeps its name throughout: `ALTER TABLE … RENAME` would not
    // settle them, and the commit would fail.
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

    // Columns without a type: SQLite then stores every value as it is.
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

/// They go with the table, which fires none of them when it is dropped.
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

/// What AUTOINCREMENT remembers: the highest id that the table ever gave, which dropping it forgets.
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
