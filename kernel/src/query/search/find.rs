//! The search in the syntax of each database. Its text is always a bound value, and none of it is an operator there.
use sea_orm::{
    DbBackend, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{
        BinOper, Expr, ExprTrait, Func, JoinType, SelectStatement,
        extension::{postgres::PgExpr, sqlite::SqliteExpr},
    },
};

use super::{Search, Term};
use crate::resource::{Readable, nothing, scope};

/// The alias of the rows that a search finds.
const FOUND: &str = "found";

impl Search {
    /// Returns true if the search consists of punctuation only.
    pub fn finds_nothing(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Keeps the rows that the search finds. The rows keep their own scope, because the side table has every row, visible or
    /// not.
    pub fn narrow<C: Readable>(&self, rows: Select<C::Entity>, db: DbBackend) -> Select<C::Entity> {
        if self.finds_nothing() {
            return rows.filter(nothing());
        }
        if db == DbBackend::Postgres {
            return join_side_table::<C>(rows).filter(PgExpr::matches(words(), self.tsquery()));
        }
        // The limit makes SQLite run it first: joined directly, it may search for all words again for each row.
        let found = scope::side_rows(side_table::<C>())
            .expr_as(Expr::col("rowid"), "id")
            .and_where(self.matches_fts5(side_table::<C>(), side_table::<C>()))
            .limit(i64::MAX.unsigned_abs())
            .take();
        join_found::<C>(rows, found)
    }

    /// Keeps the rows that the search finds on PostgreSQL, by looking up the words of each row in turn.
    pub fn narrow_one_by_one<C: Readable>(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        let its_words = scope::side_rows(side_table::<C>())
            .column("words")
            .and_where(Expr::col((side_table::<C>(), "id")).equals((C::name(), "id")))
            .take();
        rows.filter(PgExpr::matches(Expr::from(its_words), self.tsquery()))
    }

    /// Keeps the rows that the search finds on PostgreSQL. OFFSET makes it use the index of words, and nothing else, to find
    /// them.
    pub fn narrow_by_index<C: Readable>(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        let found = scope::side_rows(side_table::<C>())
            .column("id")
            .and_where(PgExpr::matches(Expr::col("words"), self.tsquery()))
            .offset(0)
            .take();
        join_found::<C>(rows, found)
    }

    /// Orders rows by rank on PostgreSQL, the best first, and the newest first among equal ranks.
    pub fn rank<C: Readable>(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        // The rank is divided by the logarithm of the length of the text, which bm25 considers too.
        let rank = Func::cust("ts_rank").args([words(), self.tsquery(), 1.into()]);
        join_side_table::<C>(rows)
            .order_by(Expr::from(rank), Order::Desc)
            .order_by_desc(C::ID)
    }

    /// Keeps the newest of the `scoped` rows that the search finds on SQLite, at most `most`, and orders them by rank, the best
    /// first.
    pub fn rank_newest<C: Readable>(
        &self,
        rows: Select<C::Entity>,
        scoped: Select<C::Entity>,
        most: u64,
    ) -> Select<C::Entity> {
        let mut newest = scoped
            .select_only()
            .column(C::ID)
            .expr_as(Expr::col((FOUND, "rank")), "rank");
        let id = Expr::col((C::name(), "id"));
        // FTS5 finds rows by descending id, one by one, if its table comes first, as a CROSS JOIN demands.
        QueryTrait::query(&mut newest)
            .from_clear()
            .from_as(side_table::<C>(), FOUND)
            .cross_join(C::name())
            .and_where(id.equals((FOUND, "rowid")))
            .and_where(self.matches_fts5(FOUND.to_owned(), side_table::<C>()))
            .order_by((FOUND, "rowid"), Order::Desc)
            .limit(most);
        // The migration configured the rank; the best row has the lowest.
        join_found::<C>(rows, newest.into_query())
            .order_by(Expr::col((FOUND, "rank")), Order::Asc)
            .order_by_desc(C::ID)
    }

    /// Returns the condition for the rows of the side table that the search finds on SQLite.
    fn matches_fts5(&self, alias: String, table: String) -> Expr {
        // The column with the name of an FTS5 table means all its columns.
        SqliteExpr::matches(Expr::col((alias, table)), self.fts5())
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

fn side_table<C: Readable>() -> String {
    format!("{}_search", C::name())
}

fn is_its<C: Readable>() -> Expr {
    Expr::col((FOUND, "id")).equals((C::name(), "id"))
}

/// Joins the rows with these ids.
fn join_found<C: Readable>(
    mut rows: Select<C::Entity>,
    found: SelectStatement,
) -> Select<C::Entity> {
    let inner = JoinType::InnerJoin;
    QueryTrait::query(&mut rows).join_subquery(inner, found, FOUND, is_its::<C>());
    rows
}

fn join_side_table<C: Readable>(mut rows: Select<C::Entity>) -> Select<C::Entity> {
    QueryTrait::query(&mut rows).join_as(
        JoinType::InnerJoin,
        side_table::<C>(),
        FOUND,
        is_its::<C>(),
    );
    rows
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
