//! Reserves ids for rows that are about to be inserted.
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{Error, Result, Tx};

/// Returns `count` ids that no other transaction gets. On SQLite the transaction is the only writer, and inserting the ids
/// reserves them.
pub async fn next_ids(tx: &Tx, table: &'static str, count: usize) -> Result<Vec<i64>> {
    let count = i64::try_from(count).map_err(Error::internal)?;
    let backend = tx.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            // OFFSET makes PostgreSQL look up the sequence once, not once per row.
            "SELECT nextval(sequence) AS id FROM \
                (SELECT CAST(pg_get_serial_sequence($1, 'id') AS regclass) AS sequence OFFSET 0) AS named, \
                generate_series(1, $2)"
        }
        _ => {
            "WITH RECURSIVE ids(id, count) AS (\
                SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = $1), 0) + 1, $2 \
                UNION ALL SELECT id + 1, count - 1 FROM ids WHERE count > 1) \
             SELECT id FROM ids"
        }
    };
    let next = Statement::from_sql_and_values(backend, sql, [table.into(), count.into()]);
    let rows = tx.query_all_raw(next).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}
