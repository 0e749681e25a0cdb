//! A SELECT whose limits are part of its text.
//!
//! PostgreSQL expects a tenth of all rows from a LIMIT that is a parameter, so it would plan such a statement again at every
//! execution. SQLite prepares a statement again when the parameter of its LIMIT changes.
use std::fmt::{Display, Formatter, Result, Write};

use sea_orm::{
    DbBackend, Statement, StatementBuilder,
    sea_query::{
        PostgresQueryBuilder, QueryBuilder, SelectStatement, SqlWriter, SqlWriterValues,
        SqliteQueryBuilder, Value, Values,
    },
};

pub struct WithLimits(pub SelectStatement);

impl StatementBuilder for WithLimits {
    fn build(&self, backend: &DbBackend) -> Statement {
        let (sql, values) = match backend {
            DbBackend::Postgres => build(&self.0, &PostgresQueryBuilder),
            _ => build(&self.0, &SqliteQueryBuilder),
        };
        Statement::from_sql_and_values(*backend, sql, values)
    }
}

fn build(select: &SelectStatement, syntax: &impl QueryBuilder) -> (String, Values) {
    let (placeholder, is_numbered) = syntax.placeholder();
    let mut sql = Sql {
        values: SqlWriterValues::new(placeholder, is_numbered),
        is_limit_next: false,
    };
    select.build_collect_any_into(syntax, &mut sql);
    sql.values.into_parts()
}

/// Writes all values but limits as parameters.
struct Sql {
    values: SqlWriterValues,
    is_limit_next: bool,
}

impl Write for Sql {
    fn write_str(&mut self, text: &str) -> Result {
        self.is_limit_next = text == " LIMIT ";
        self.values.write_str(text)
    }
}

impl Display for Sql {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.values.fmt(f)
    }
}

impl SqlWriter for Sql {
    fn push_param<T: QueryBuilder>(&mut self, value: Value, syntax: &T) {
        match value {
            Value::BigUnsigned(Some(limit)) if self.is_limit_next => {
                // Writing to a string cannot fail.
                let _ = write!(self, "{limit}");
            }
            value => self.values.push_param(value, syntax),
        }
    }

    fn as_writer(&mut self) -> &mut dyn Write {
        self
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Expr, ExprTrait};

    use super::*;
    use crate::resource::scope;

    #[test]
    fn a_limit_is_text_and_everything_else_is_a_parameter() {
        let inner = scope::side_rows("t".to_owned())
            .column("id")
            .limit(9)
            .take();
        let select = scope::near_rows(inner, "piece")
            .column("id")
            .and_where(Expr::col("name").eq(" LIMIT "))
            .limit(21)
            .offset(5)
            .take();

        let statement = WithLimits(select).build(&DbBackend::Postgres);

        let sql = r#"SELECT "id" FROM (SELECT "id" FROM "t" LIMIT 9) AS "piece" WHERE "name" = $1 LIMIT 21 OFFSET $2"#;
        assert_eq!(statement.sql, sql);
        let values = statement.values.unwrap().0;
        assert_eq!(values, [" LIMIT ".into(), 5_u64.into()]);
    }
}
