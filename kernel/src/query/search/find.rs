//! A search as either database wants it. Its text is always a bound value, and none of it is an operator there.
use sea_orm::{
    DbBackend, Order, QueryFilter, QueryOrder, QueryTrait, Select,
    sea_query::{
        BinOper, Expr, ExprTrait, Func, JoinType,
        extension::{postgres::PgExpr, sqlite::SqliteExpr},
    },
};

use super::{Search, Term};
use crate::crud::{Readable, nothing, scope};

/// What the rows that are found go by in a statement.
const FOUND: &str = "found";

impl Search {
    /// Keeps the rows that are found. Beside their own scope: the side table has every row, seen or not.
    pub fn narrow<C: Readable>(
        &self,
        mut rows: Select<C::Entity>,
        db: DbBackend,
    ) -> Select<C::Entity> {
        if self.wanted.is_empty() {
            return rows.filter(nothing());
        }
        let side = format!("{}_search", C::name());
        let is_its = Expr::col((FOUND, "id")).equals((C::name(), "id"));
        let statement = QueryTrait::query(&mut rows);
        if db == DbBackend::Postgres {
            statement.join_as(JoinType::InnerJoin, side, FOUND, is_its);
            return rows.filter(PgExpr::matches(words(), self.tsquery()));
        }
        // The column of an FTS5 table that has its name stands for all of them.
        let everything = Expr::col((side.clone(), side.clone()));
        // With a limit it is a table of its own: joined, SQLite may look for all the words again for each row.
        let found = scope::side_rows(side)
            .expr_as(Expr::col("rowid"), "id")
            .column("rank")
            .and_where(SqliteExpr::matches(everything, self.fts5()))
            .limit(i64::MAX.unsigned_abs())
            .take();
        statement.join_subquery(JoinType::InnerJoin, found, FOUND, is_its);
        rows
    }

    /// The best first, the newest first among equals.
    pub fn rank<C: Readable>(&self, rows: Select<C::Entity>, db: DbBackend) -> Select<C::Entity> {
        let newest = C::ID;
        if self.wanted.is_empty() {
            return rows.order_by_desc(newest);
        }
        let ranked = match db {
            DbBackend::Postgres => {
                // Divided by the logarithm of the length of the text: bm25 weighs that too.
                let rank = Func::cust("ts_rank").args([words(), self.tsquery(), 1.into()]);
                rows.order_by(Expr::from(rank), Order::Desc)
            }
            // As the migration configured it; the best has the lowest.
            _ => rows.order_by(Expr::col((FOUND, "rank")), Order::Asc),
        };
        ranked.order_by_desc(newest)
    }

    /// PostgreSQL manual, section 12.3.2.
    fn tsquery(&self) -> Expr {
        let wanted = self.wanted.iter().map(tsquery);
        let unwanted = self.unwanted.iter().map(tsquery);
        let unwanted = unwanted.map(|term| Expr::cust_with_expr("!! $1", term));
        let and = |all: Expr, term| all.binary(BinOper::Custom("&&"), term);
        let all = wanted.chain(unwanted).reduce(and);
        all.unwrap_or_else(|| Expr::val(""))
    }

    /// sqlite.org/fts5.html, section 3: strings are all it has, with nothing in them that means anything.
    fn fts5(&self) -> String {
        let terms = |terms: &[Term], between| {
            let terms: Vec<_> = terms.iter().map(fts5).collect();
            terms.join(between)
        };
        let wanted = terms(&self.wanted, " ");
        if self.unwanted.is_empty() {
            wanted
        } else {
            format!("({wanted}) NOT ({})", terms(&self.unwanted, " OR "))
        }
    }
}

fn words() -> Expr {
    Expr::col((FOUND, "words"))
}

/// The words of a term, one after the other (PostgreSQL manual, section 8.11.2).
fn tsquery(term: &Term) -> Expr {
    let words = term.words.iter().map(|word| format!("'{word}'"));
    let phrase = words.collect::<Vec<_>>().join(" <-> ");
    let prefix = if term.is_prefix { ":*" } else { "" };
    Expr::val(phrase + prefix).cast_as("tsquery")
}

/// Words are letters, digits and their marks: there is no quote in them.
fn fts5(term: &Term) -> String {
    let star = if term.is_prefix { " *" } else { "" };
    format!("\"{}\"{star}", term.words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_never_ends_its_string() {
        let search = Search::parse("a' ' or bcd:*");

        let expected = r#""a" "or" "bcd" *"#;
        assert_eq!(search.map(|search| search.fts5()).unwrap(), expected);
    }

    #[test]
    fn what_is_unwanted_is_taken_from_all_that_is_wanted() {
        let search = Search::parse(r#"one -two "three four" -five web"#);

        let expected = r#"("one" "three four" "web" *) NOT ("two" OR "five")"#;
        assert_eq!(search.map(|search| search.fts5()), Ok(expected.to_owned()));
    }
}
