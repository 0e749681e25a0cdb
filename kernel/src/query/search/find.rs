//! The search in the syntax of each database. Its text is always a bound value, and none of it is an operator there.
use sea_orm::{
    DbBackend, Order, QueryFilter, QueryOrder, QueryTrait, Select,
    sea_query::{
        BinOper, Expr, ExprTrait, Func, JoinType,
        extension::{postgres::PgExpr, sqlite::SqliteExpr},
    },
};

use super::{Search, Term};
use crate::resource::{Readable, nothing, scope};

/// The alias of the rows that a search finds.
const FOUND: &str = "found";

impl Search {
    /// Keeps the rows that the search finds. The rows keep their own scope, because the side table has every row, visible or
    /// not.
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
        // The column with the name of an FTS5 table means all its columns.
        let everything = Expr::col((side.clone(), side.clone()));
        // The limit makes SQLite run it first: joined directly, it may search for all words again for each row.
        let found = scope::side_rows(side)
            .expr_as(Expr::col("rowid"), "id")
            .column("rank")
            .and_where(SqliteExpr::matches(everything, self.fts5()))
            .limit(i64::MAX.unsigned_abs())
            .take();
        statement.join_subquery(JoinType::InnerJoin, found, FOUND, is_its);
        rows
    }

    /// Orders the rows by rank, the best first, and the newest first among equal ranks.
    pub fn rank<C: Readable>(&self, rows: Select<C::Entity>, db: DbBackend) -> Select<C::Entity> {
        let newest = C::ID;
        if self.wanted.is_empty() {
            return rows.order_by_desc(newest);
        }
        let ranked = match db {
            DbBackend::Postgres => {
                // The rank is divided by the logarithm of the length of the text, which bm25 considers too.
                let rank = Func::cust("ts_rank").args([words(), self.tsquery(), 1.into()]);
                rows.order_by(Expr::from(rank), Order::Desc)
            }
            // The migration configured the rank; the best row has the lowest.
            _ => rows.order_by(Expr::col((FOUND, "rank")), Order::Asc),
        };
        ranked.order_by_desc(newest)
    }

    /// Returns the search as a `tsquery` (PostgreSQL manual, section 12.3.2).
    fn tsquery(&self) -> Expr {
        let wanted = self.wanted.iter().map(tsquery);
        let unwanted = self.unwanted.iter().map(tsquery);
        let unwanted = unwanted.map(|term| Expr::cust_with_expr("!! $1", term));
        let and = |all: Expr, term| all.binary(BinOper::Custom("&&"), term);
        let all = wanted.chain(unwanted).reduce(and);
        all.unwrap_or_else(|| Expr::val(""))
    }

    /// Returns the search in the syntax of FTS5 (sqlite.org/fts5.html, section 3). It uses only strings, in which no character
    /// is special.
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

/// Returns the words of a term as a phrase (PostgreSQL manual, section 8.11.2).
fn tsquery(term: &Term) -> Expr {
    let words = term.words.iter().map(|word| format!("'{word}'"));
    let phrase = words.collect::<Vec<_>>().join(" <-> ");
    let prefix = if term.is_prefix { ":*" } else { "" };
    Expr::val(phrase + prefix).cast_as("tsquery")
}

/// Returns a term as a string. Words consist of letters, digits and their marks, so they contain no quote.
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
