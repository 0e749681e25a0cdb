//! Pages of a resource whose visibility depends on another table, where no index leads past the rows that are hidden.
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Asterisk, Expr, PostgresQueryBuilder, SelectStatement, UnionType},
};

use super::{Crud, Deleted, Model, scope, size};
use crate::{
    Actor, Reads, Result,
    query::{Cursor, ListQuery},
};

/// Rows that one page looks at, beside those that `offset` skips.
pub const MOST: u64 = 2_000;

/// Marks the row at which a page stopped looking.
const PAST: &str = "past";

/// Rows, and the condition that tells which of them the actor sees.
pub struct Scan<C: Crud> {
    pub rows: Select<C::Entity>,
    visible: Condition,
}

/// Some rows of a page, and the first row that was not looked at. At most one more row than the page has tells whether
/// anything follows.
pub struct Scanned<C: Crud> {
    pub rows: Vec<size::Read<C>>,
    pub past: Option<Model<C>>,
}

/// None where an index of the table itself can find what the actor sees.
pub fn scan<C: Crud>(actor: &Actor, deleted: Deleted) -> Option<Scan<C>> {
    let needs_another_table = has_subquery(C::visible(actor));
    let (rows, visible) = scope::all_in_state::<C>(actor, deleted)?;
    needs_another_table.then_some(Scan { rows, visible })
}

fn has_subquery(condition: Condition) -> bool {
    let (sql, _) = scope::composed()
        .cond_where(condition)
        .build(PostgresQueryBuilder);
    sql.matches("SELECT").count() > 1
}

impl<C: Crud> Scan<C> {
    /// Reads a page from `ordered`, which gives the rows of this scan in their order beyond `place`.
    ///
    /// One statement looks at [`MOST`] rows, so that rows which come and go meanwhile are neither missed nor seen twice.
    /// Its second part names the row after them; the databases run it only where the first did not fill the page.
    pub async fn page(
        self,
        reads: &impl Reads,
        query: &ListQuery<C>,
        ordered: Select<C::Entity>,
        place: Option<&Cursor>,
    ) -> Result<Scanned<C>> {
        let db = reads.db()?;
        let most = query.offset + MOST;
        let page = scope::among(ordered.clone().limit(most)).filter(self.visible);
        let page = size::select_again::<C>(page, &query.shape);
        // SQLite would sort all of them again; it reads a subselect in its order.
        let page = match db.get_database_backend() {
            DbBackend::Postgres => query.in_page_order(page, place),
            _ => page,
        };
        let page = page.limit(query.limit + 1).offset(query.offset);
        let past = ordered.limit(1).offset(most);
        let mut both = piece(page, "0");
        both.union(UnionType::All, piece(past, "1"))
            .limit(query.limit + 1);
        let mut scanned = Scanned {
            rows: Vec::new(),
            past: None,
        };
        for row in db.query_all(&both).await? {
            let read = size::Read::new(&row, &query.shape)?;
            if row.try_get::<i32>("", PAST)? == 0 {
                scanned.rows.push(read);
            } else {
                scanned.past = Some(read.into_model());
            }
        }
        Ok(scanned)
    }
}

fn piece<E: sea_orm::EntityTrait>(rows: Select<E>, past: &'static str) -> SelectStatement {
    scope::composed()
        .column(Asterisk)
        .expr_as(Expr::cust(past), PAST)
        .from_subquery(rows.into_query(), "piece")
        .take()
}
