//! Plans a list of the rows that a search finds.
//!
//! The order of the list leads to a page of frequent words at once, and the index of words to one of rare words. The planner of
//! PostgreSQL cannot know which words are rare, so the statement tries both: it examines the first rows of the list, and uses
//! the index of words only if these do not fill the page.
use sea_orm::{
    ColumnTrait, DbBackend, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{
        CommonTableExpression, Expr, ExprTrait, SelectStatement, SubQueryStatement, UnionType,
        WithClause,
    },
};

use super::Plan;
use crate::{
    Result,
    query::{Search, Sort},
    resource::{Readable, everything, scope},
};

/// The rows that a search ranks: the newest of those that it finds. It has to read all rows that it ranks.
const RANKED: u64 = 500;

/// The rows that are examined before the index of words is used.
const NEAR: u64 = 10_000;

/// The alias of the rows that were found among those.
const NEARBY: &str = "nearby";

impl<C: Readable> Plan<'_, C> {
    /// Returns the SELECT of a page of the rows that the search finds.
    pub(super) fn select_found(&self, search: &Search) -> Result<SelectStatement> {
        let deleted = self.query.shape.deleted;
        let in_state = scope::visible_if::<C>(self.actor, deleted, everything());
        let rows = self.measured(in_state);
        let page = match (&self.query.sort, self.backend) {
            _ if search.finds_nothing() => self.measured(self.matching()),
            (Some(sort), DbBackend::Postgres) => {
                let found = C::ID.in_subquery(self.first_found(search, sort, self.most())?);
                sort.order(rows.filter(found), self.is_backward())
            }
            (None, DbBackend::Postgres) => {
                let newest = self.first_found(search, &Sort::default(), RANKED)?;
                search.rank::<C>(rows.filter(C::ID.in_subquery(newest)))
            }
            (Some(sort), _) => {
                let matching = self.measured(self.matching());
                self.select_in_order(sort, vec![matching], self.most(), |rows| self.again(rows))?
            }
            (None, _) => {
                let scoped = self.query.without_search(self.scoped(), self.actor);
                search.rank_newest::<C>(rows, scoped, RANKED)
            }
        };
        Ok(self.page_of(page).into_query())
    }

    /// Selects the ids of the first rows, in this order, that the search finds on PostgreSQL.
    fn first_found(&self, search: &Search, sort: &Sort<C>, most: u64) -> Result<SelectStatement> {
        let same = |rows| rows;
        let by_index = self
            .query
            .without_search(search.narrow_by_index::<C>(self.scoped()), self.actor);
        let by_index = self.select_in_order(sort, vec![by_index], most, same)?;
        let by_index = ids::<C>(by_index.limit(most));
        if self.examines {
            // The rows of the list have no index that skips hidden ones.
            return Ok(by_index);
        }
        let near = self.select_in_order(sort, self.scoped_parts(same), NEAR, same)?;
        let near = scope::select_from(near.limit(NEAR));
        let near = search.narrow_one_by_one::<C>(near);
        let near = self.query.without_search(near, self.actor);
        let near = ids::<C>(sort.order(near, self.is_backward()).limit(most));
        let near = CommonTableExpression::new()
            .table_name(NEARBY)
            .query(SubQueryStatement::from(near))
            .to_owned();
        let nearby = || scope::near_rows_of(NEARBY);
        let count = nearby().expr(Expr::cust("count(*)")).take();
        let is_short = Expr::from(count).lt(most);
        let by_index = scope::near_rows(by_index, "found")
            .column("id")
            .and_where(is_short)
            .take();
        let mut both = nearby().column("id").take();
        both.union(UnionType::All, by_index);
        both.with_cte(WithClause::new().cte(near).to_owned());
        Ok(both)
    }
}

fn ids<C: Readable>(rows: Select<C::Entity>) -> SelectStatement {
    rows.select_only().column(C::ID).into_query()
}
