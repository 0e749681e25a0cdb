//! Plans a list: the query, the visibility of rows and the declaration of the resource determine the SELECT of a page and the
//! cursors around it.
//!
//! If the visibility of rows depends on another table, no index skips the hidden rows. A page then examines a bounded number of
//! rows, and may be short or empty before the end of the list.
mod search;

use std::{any::TypeId, iter::repeat_n};

use sea_orm::{
    Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryResult, QuerySelect,
    QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, PostgresQueryBuilder, SelectStatement, UnionType},
};

use super::size;
use crate::{
    Actor, Reads, Result,
    access::Rights,
    database::WithLimits,
    kept::Kept,
    query::{Cursor, ListQuery, Range, Sort},
    resource::{Deleted, Model, Readable, nothing, scope},
    secret::Secret,
};

/// The rows that one page examines, beside those that `offset` skips.
const EXAMINED: u64 = 2_000;

/// The column that marks the row at which a page stopped examining.
const UNEXAMINED: &str = "unexamined";

pub struct Plan<'a, C: Readable> {
    pub query: &'a ListQuery<C>,
    actor: &'a Actor,
    /// The rows of the list before its filters and its search; `None` for all that the actor sees.
    rows: Option<Select<C::Entity>>,
    /// True if no index skips the rows that the actor does not see, so that a page examines rows one by one.
    examines: bool,
    /// The position where the page begins, if the client named one.
    pub place: Option<Cursor>,
    secret: Secret,
    backend: DbBackend,
}

/// The rows of a page, and the first row that was not examined. One row more than the page has shows that another page follows.
pub struct PageRows<C: Readable> {
    pub rows: Vec<size::Read<C>>,
    pub unexamined: Option<Model<C>>,
}

impl<'a, C: Readable> Plan<'a, C> {
    /// Plans a list of the rows that the actor sees.
    pub async fn new(reads: &'a impl Reads, query: &'a ListQuery<C>) -> Result<Self> {
        Ok(Self {
            // An index finds the deleted rows.
            examines: query.shape.deleted != Deleted::Only && needs_another_table::<C>(reads),
            ..Self::planned(reads, query, None).await?
        })
    }

    /// Plans a list of those of `rows` that match. Fails if the cursor was altered, or made for another list.
    pub async fn for_rows(
        reads: &'a impl Reads,
        query: &'a ListQuery<C>,
        rows: Select<C::Entity>,
    ) -> Result<Self> {
        Self::planned(reads, query, Some(rows)).await
    }

    async fn planned(
        reads: &'a impl Reads,
        query: &'a ListQuery<C>,
        rows: Option<Select<C::Entity>>,
    ) -> Result<Self> {
        let secret = reads.secret().await?;
        Ok(Self {
            query,
            actor: reads.actor(),
            rows,
            examines: false,
            place: query.place(&secret)?,
            secret,
            backend: reads.db()?.get_database_backend(),
        })
    }

    /// Selects the rows of the list before its filters and its search.
    fn scoped(&self) -> Select<C::Entity> {
        let visible = || scope::visible::<C>(self.actor, self.query.shape.deleted);
        self.rows.clone().unwrap_or_else(visible)
    }

    /// Selects the same rows in parts that share no row and that an index serves. `columns` selects their columns, once.
    fn scoped_parts(
        &self,
        columns: impl FnOnce(Select<C::Entity>) -> Select<C::Entity>,
    ) -> Vec<Select<C::Entity>> {
        match &self.rows {
            Some(rows) => vec![columns(rows.clone())],
            None => scope::visible_disjoint::<C>(self.actor, self.query.shape.deleted, columns),
        }
    }

    /// Selects all rows that match, on any page.
    pub fn matching(&self) -> Select<C::Entity> {
        self.filtered(self.scoped())
    }

    fn filtered(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        self.query.filtered(rows, self.actor, self.backend)
    }

    /// Returns true if the page goes backwards from its position.
    pub fn is_backward(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.backward)
    }

    /// Reads the rows of the page, beginning with the one nearest to its position.
    pub async fn read(&self, db: &impl ConnectionTrait) -> Result<PageRows<C>> {
        // A search does not examine rows.
        let is_marked = self.query.search.is_none() && self.examines;
        let is_unexamined = |row: &QueryResult| -> Result<bool> {
            Ok(is_marked && row.try_get::<i32>("", UNEXAMINED)? == 1)
        };
        let mut page = PageRows {
            rows: Vec::new(),
            unexamined: None,
        };
        for row in db.query_all(&WithLimits(self.select()?)).await? {
            let read = size::Read::new(&row, &self.query.shape)?;
            if is_unexamined(&row)? {
                page.unexamined = Some(read.into_model());
            } else {
                page.rows.push(read);
            }
        }
        Ok(page)
    }

    /// Returns the SELECT of the page, with one row more than the page has, which shows that another page follows.
    fn select(&self) -> Result<SelectStatement> {
        let query = self.query;
        if let Some(search) = &query.search {
            return self.select_found(search);
        }
        let newest = Sort::default();
        let sort = query.sort.as_ref().unwrap_or(&newest);
        if self.examines
            && let Some((rows, visible)) = scope::all_in_state::<C>(self.actor, query.shape.deleted)
        {
            let most = query.offset + EXAMINED + 1;
            let rows = self.measured(self.filtered(rows));
            let ordered = self.select_in_order(sort, vec![rows], most, |rows| self.again(rows))?;
            return Ok(self.examine(sort, &ordered, &visible));
        }
        let parts = self.scoped_parts(|rows| self.measured(rows)).into_iter();
        let parts = parts.map(|rows| self.filtered(rows)).collect();
        let rows = self.select_in_order(sort, parts, self.most(), |rows| self.again(rows))?;
        Ok(self.page_of(rows).into_query())
    }

    /// Returns the number of rows from the position to the end of the page, and one more.
    fn most(&self) -> u64 {
        self.query.offset + self.query.limit + 1
    }

    fn page_of(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        let rows = rows.limit(self.query.limit + 1);
        match self.query.offset {
            0 => rows,
            offset => rows.offset(offset),
        }
    }

    /// Selects the columns that the page needs.
    fn measured(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        let query = self.query;
        size::select::<C>(rows, &query.shape, Some(query.inline_limit()))
    }

    /// Selects these columns from rows that [`Self::measured`] selected.
    fn again(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        size::select_again::<C>(rows, &self.query.shape)
    }

    /// Selects the rows after the position, in order. An index finds the first `most` rows of each part and of each range after
    /// the position, and the database sorts these together. `again` selects their columns from all of them.
    fn select_in_order(
        &self,
        sort: &Sort<C>,
        parts: Vec<Select<C::Entity>>,
        most: u64,
        again: impl FnOnce(Select<C::Entity>) -> Select<C::Entity>,
    ) -> Result<Select<C::Entity>> {
        let backward = self.is_backward();
        let ranges = sort.keyset_ranges(self.place.as_ref())?;
        let ordered = |rows: Select<C::Entity>, range: &Range| {
            let rows = rows.filter(range.rows.clone());
            sort.order_range(rows, range, backward)
        };
        let in_range = |(rows, range): (Select<C::Entity>, &Range)| {
            let Some(before) = &range.before else {
                return ordered(rows, range);
            };
            let before = ordered(rows.clone(), before).select_only().column(C::ID);
            let last_of_page = before.limit(1).offset(most.saturating_sub(1));
            ordered(rows, range).filter(Expr::exists(last_of_page.into_query()).not())
        };
        let in_ranges = |rows| repeat_n(rows, ranges.len()).zip(&ranges).map(in_range);
        let mut pieces: Vec<_> = parts.into_iter().flat_map(in_ranges).collect();
        Ok(match (pieces.pop(), pieces.is_empty()) {
            (None, _) => sort.order(scope::all_live::<C>().filter(nothing()), backward),
            (Some(only), true) => only,
            (Some(last), false) => {
                let pieces = pieces.into_iter().chain([last]);
                let rows = scope::union_all(pieces.map(|piece| piece.limit(most)));
                sort.order(again(rows), backward)
            }
        })
    }

    /// Examines [`EXAMINED`] rows with one statement, so that concurrent writes make no row missing or duplicate. Its second
    /// part returns the row after them; the databases run it only if the first did not fill the page.
    fn examine(
        &self,
        sort: &Sort<C>,
        ordered: &Select<C::Entity>,
        visible: &Condition,
    ) -> SelectStatement {
        let query = self.query;
        let most = query.offset + EXAMINED;
        let page = scope::select_from(ordered.clone().limit(most)).filter(visible.clone());
        let page = self.again(page);
        // SQLite would sort all of them again, although it reads a subselect in its order.
        let page = match self.backend {
            DbBackend::Postgres => sort.order(page, self.is_backward()),
            _ => page,
        };
        let page = self.page_of(page);
        let unexamined = ordered.clone().limit(1).offset(most);
        let mut both = piece(page, "0");
        both.union(UnionType::All, piece(unexamined, "1"))
            .limit(query.limit + 1);
        both
    }

    /// Returns a cursor to the rows after a row of a page, or before it. Returns `None` for a ranked list, because ranks change
    /// with every other row.
    pub fn cursor_after(&self, row: &Model<C>, backward: bool) -> Option<String> {
        self.cursor(row, backward, false)
    }

    /// Returns a cursor to a row itself, which no page has shown yet.
    pub fn cursor_at(&self, row: &Model<C>, backward: bool) -> Option<String> {
        self.cursor(row, backward, true)
    }

    /// Returns a cursor from the position of this page to the page that the client came from.
    pub fn cursor_back(&self) -> Option<String> {
        self.encode(&self.place.as_ref()?.reversed())
    }

    fn cursor(&self, row: &Model<C>, backward: bool, inclusive: bool) -> Option<String> {
        let values = self.query.sort.as_ref()?.values(row);
        self.encode(&Cursor {
            backward,
            inclusive,
            values,
        })
    }

    fn encode(&self, place: &Cursor) -> Option<String> {
        self.query.sort.as_ref()?;
        place.encode(&self.secret, &self.query.binding())
    }
}

thread_local! {
    static NEEDS_ANOTHER_TABLE: Kept<(TypeId, Rights), bool> = Kept::new();
}

/// Returns true if no index of the table itself can find the rows that the actor sees.
fn needs_another_table<C: Readable>(reads: &impl Reads) -> bool {
    let has_subselect = || {
        let (sql, _) = scope::select_without_table()
            .cond_where(C::visible(reads.actor()))
            .build(PostgresQueryBuilder);
        sql.matches("SELECT").count() > 1
    };
    let key = (TypeId::of::<C>(), reads.rights());
    NEEDS_ANOTHER_TABLE.with(|kept| kept.get(key, has_subselect))
}

fn piece<E: EntityTrait>(rows: Select<E>, unexamined: &'static str) -> SelectStatement {
    scope::select_without_table()
        .column(Asterisk)
        .expr_as(Expr::cust(unexamined), UNEXAMINED)
        .from_subquery(rows.into_query(), "piece")
        .take()
}
