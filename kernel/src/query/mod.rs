//! The query of a list, parsed and checked against the declaration of the resource.
mod cursor;
mod export;
mod filter;
mod group;
mod include;
mod keyset;
mod parameter;
mod parameters;
mod parse;
mod period;
mod search;
mod sort;
mod stats;

use std::collections::BTreeSet;

use sea_orm::{DbBackend, QueryFilter, Select, Value};

use crate::{
    Actor, Code, Error, Refusal, Refused, Result,
    permission::{Action, Reach},
    resource::{Column, Deleted, Field, Readable, declared_field, public_fields},
    secret::Secret,
    suggest,
};
pub use cursor::Cursor;
use cursor::bad_cursor;
pub use export::ExportQuery;
pub use filter::{Filter, MAX_CONTAINS, MAX_PATTERN, MAX_VALUES, operators};
use group::Group;
pub use group::{MAX_CONDITIONS, MAX_DEPTH};
pub use include::{Include, MAX_INCLUDES, relations};
pub(crate) use keyset::Range;
pub use parameter::{Description, Form, Parameter};
pub use parameters::Parameters;
pub use period::{MAX_PERIODS, Period};
pub use search::MAX_SEARCH;
pub(crate) use search::Search;
pub use search::{index, index_changed, words_of};
pub use sort::MAX_FIELDS;
pub(crate) use sort::Sort;
pub use stats::{MAX_EXTREMES, MAX_GROUP_FIELDS, MAX_GROUPS, StatsQuery};

/// The number of rows of a page if the client does not ask for another; contract §4.
pub const DEFAULT_LIMIT: u64 = 20;
/// The order of a list without `sort`.
pub const DEFAULT_SORT: &str = "-id";
/// The most rows of a page.
pub const MAX_LIMIT: u64 = 100;
/// The most rows that a page may skip.
pub const MAX_OFFSET: u64 = 10_000;

/// The most bytes of an answer, unless the configuration sets another limit.
pub const ANSWER_LIMIT: u64 = 8 * 1024 * 1024;

/// The filters, order and window of one list of `C`.
pub struct ListQuery<C: Readable> {
    /// The conditions that a row must meet, and the alternatives of `or`.
    filters: Group,
    pub(crate) search: Option<Search>,
    /// `None` for a search whose best results come first.
    pub(crate) sort: Option<Sort<C>>,
    /// The private fields that the query names.
    private: Vec<Private>,
    /// Filters that the path sets, such as the parent of a sub-collection.
    narrowed: Vec<Filter>,
    /// The parent of a sub-collection that no filter names.
    parent: Option<(&'static str, i64)>,
    cursor: Option<String>,
    pub limit: u64,
    pub offset: u64,
    pub count: Count,
    pub shape: Shape,
    /// The most bytes of the answer.
    pub answer_limit: u64,
}

/// The way in which `page.total` is determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    None,
    /// Counts every row that matches.
    Exact,
    /// Uses the estimate of PostgreSQL's planner. It is exact on SQLite, whose planner estimates nothing.
    Estimate,
}

/// The parts of a row that the answer shows.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    pub deleted: Deleted,
    /// The members to show; `None` shows all.
    pub fields: Option<Vec<String>>,
    pub includes: Vec<Include>,
}

impl Shape {
    /// Returns true if rows are shown with all members and without related rows.
    pub fn is_plain(&self) -> bool {
        self.fields.is_none() && self.includes.is_empty()
    }

    /// Returns true if the member is shown.
    pub fn shows(&self, name: &str) -> bool {
        let names = |fields: &Vec<String>| fields.iter().any(|field| field == name);
        self.fields.as_ref().is_none_or(names)
    }
}

impl<C: Readable> Default for ListQuery<C> {
    fn default() -> Self {
        Self {
            filters: Group::default(),
            search: None,
            sort: Some(Sort::default()),
            private: Vec::new(),
            narrowed: Vec::new(),
            parent: None,
            cursor: None,
            limit: DEFAULT_LIMIT,
            offset: 0,
            count: Count::None,
            shape: Shape::default(),
            answer_limit: ANSWER_LIMIT,
        }
    }
}

impl<C: Readable> ListQuery<C> {
    /// Returns the most bytes of the rows of a page. Half of the answer is for related rows, if any are included.
    pub(crate) fn budget(&self) -> u64 {
        if self.shape.includes.is_empty() {
            self.answer_limit
        } else {
            self.answer_limit / 2
        }
    }

    /// Returns the most octets of long texts that are read together with their row. A whole page of such rows is within the
    /// budget.
    pub(crate) fn inline_limit(&self) -> u64 {
        self.budget() / (self.limit + 1)
    }

    /// Returns true if the list may read many rows: for an exact count, a pattern, the rank of a search, or an order without an
    /// index.
    pub fn is_heavy(&self) -> bool {
        let deleted = self.shape.deleted;
        let needs_sort = |sort: &Sort<C>| !sort.follows_index(deleted);
        self.count == Count::Exact
            || self.filters.all_filters().any(|filter| filter.is_pattern)
            || self.sort.as_ref().is_none_or(needs_sort)
    }

    /// Returns true if the page is the first of its list.
    pub fn is_first_page(&self) -> bool {
        self.cursor.is_none() && self.offset == 0
    }

    /// Returns true if a page may have fewer rows than the client asked for, because a cursor leads to the others.
    pub(crate) fn may_be_cut(&self) -> bool {
        self.offset == 0 && self.sort.is_some()
    }

    /// Returns the operators and values with which every row's field is compared.
    pub(crate) fn comparisons(&self, field: &str) -> Vec<(&'static str, &str)> {
        let filters = self.filters.filters.iter();
        filters
            .filter_map(|filter| filter.comparison(field))
            .collect()
    }

    /// Fails if the query names a private field that the actor may not read on every row.
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        permit(&self.private, actor)
    }

    /// Narrows the list to rows with this value.
    pub fn narrow(&mut self, column: Column<C>, value: impl Into<Value>) {
        self.narrowed.push(Filter::equal::<C>(column, value));
    }

    /// Binds the cursors to a sub-collection whose rows are found without [`ListQuery::narrow`].
    pub fn bind_to(&mut self, table: &'static str, id: i64) {
        self.parent = Some((table, id));
    }

    pub(crate) fn filtered(
        &self,
        rows: Select<C::Entity>,
        actor: &Actor,
        db: DbBackend,
    ) -> Select<C::Entity> {
        let rows = match &self.search {
            Some(search) => search.narrow::<C>(rows, db),
            None => rows,
        };
        self.without_search(rows, actor)
    }

    /// Keeps the rows that the filters accept.
    pub(crate) fn without_search(
        &self,
        rows: Select<C::Entity>,
        actor: &Actor,
    ) -> Select<C::Entity> {
        let narrow =
            |rows: Select<C::Entity>, filter: &Filter| rows.filter(filter.condition(actor));
        let filters = self.narrowed.iter().chain(&self.filters.filters);
        let rows = filters.fold(rows, narrow);
        let groups = self.filters.groups.iter();
        groups.fold(rows, |rows, group| rows.filter(group.condition(actor)))
    }

    /// Returns the position that the cursor names, if there is one. Fails if the cursor was altered, or made for another list.
    pub(crate) fn place(&self, secret: &Secret) -> Result<Option<Cursor>> {
        let Some(text) = &self.cursor else {
            return Ok(None);
        };
        let cursor = Cursor::decode(text, secret, &self.binding());
        cursor.map(Some).ok_or_else(bad_cursor)
    }

    /// Returns the text to which a cursor is bound: the meaning of the list, independent of how the client wrote it. JSON
    /// separates its parts unambiguously.
    pub(crate) fn binding(&self) -> String {
        let narrowed: BTreeSet<_> = self.narrowed.iter().map(Filter::meaning).collect();
        let sort = self.sort.as_ref().map(Sort::meaning);
        let search = self.search.as_ref().map(Search::meaning);
        let deleted = self.shape.deleted as u8;
        let list = (C::name(), self.parent, narrowed);
        let meaning = (list, self.filters.members(), deleted, search, sort);
        serde_json::to_string(&meaning).unwrap_or_default()
    }
}

/// A private field that a parameter names: the refusal for a caller who may not read it, which is that of an unknown field, and
/// the resource of the field.
type Private = (Refusal, &'static str);

/// Fails unless the caller may read these private fields on every row.
fn permit(private: &[Private], actor: &Actor) -> Result<()> {
    let hidden = |resource: &str| actor.reach(resource, Action::Read) < Reach::All;
    let refused = private.iter().filter(|(_, resource)| hidden(resource));
    let refusals: Vec<_> = refused.map(|(refusal, _)| refusal.clone()).collect();
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(Error::Query(refusals))
    }
}

/// Returns the declaration of a field that rows may be sorted and grouped by. A refusal lists the fields that `is_meant`
/// accepts.
fn sortable_field<C: Readable>(
    name: &str,
    is_meant: fn(&Field<Column<C>>) -> bool,
) -> Result<Field<Column<C>>, Refused> {
    let unknown = || unknown_field::<C>(name, is_meant);
    let field = declared_field::<C>(name).ok_or_else(unknown)?;
    if field.is_sortable() {
        Ok(field)
    } else if field.is_private {
        // The answer must not reveal that the field exists.
        Err(unknown())
    } else {
        let detail = format!(
            "rows cannot be sorted or grouped by {name}, which has no order or is a long text; expected {}",
            public_fields::<C>(is_meant).join(", ")
        );
        Err((Code::NotAllowed, detail))
    }
}

/// Refuses an unknown field and lists the fields that every caller may name. Naming the others would reveal that they exist.
fn unknown_field<C: Readable>(name: &str, is_meant: fn(&Field<Column<C>>) -> bool) -> Refused {
    unknown_name(name, public_fields::<C>(is_meant).into_iter())
}

fn unknown_name<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Refused {
    let known: Vec<_> = known.collect();
    let expected = suggest::expected(name, known.iter().copied());
    let known = known.join(", ");
    (Code::Unknown, format!("unknown field; {expected} {known}"))
}
