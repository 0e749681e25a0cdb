//! What is asked of all rows that filters match, one page after the other.
use super::{
    Count, ListQuery, Shape, Sort, indexed_fields,
    parse::{rows_among, take_each, unless_of},
};
use crate::{
    Actor, Error, Refusal, Registry, Result,
    crud::{Deleted, Readable},
};

/// Those of a list that mean nothing where there is no window.
const WINDOW: [&str; 5] = ["limit", "offset", "cursor", "include", "count"];
const PARAMETERS: &str = "format, sort, fields, deleted";

/// A list without a window. With `q` it is in the order of `sort` too, as ranks have no place to go on from.
pub struct ExportQuery<C: Readable>(ListQuery<C>);

impl<C: Readable> ExportQuery<C> {
    /// Reports every refused parameter at once.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        registry: &Registry,
    ) -> Result<Self> {
        let is_window = |(name, _): &(&str, &str)| WINDOW.contains(name);
        let (window, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(is_window);
        let (mut rows, mut refusals) = rows_among(others, registry)?;
        let unknown = |_: &str, _: &str| {
            let detail = format!("goes with lists; here are {PARAMETERS}, and the filters");
            Err(("unknown", detail))
        };
        refusals.extend(take_each(window, unknown).1);
        let sort = rows.sort.get_or_insert_with(Sort::default);
        if !sort.follows_index(rows.shape.deleted) {
            refusals.push(Refusal::new(
                "sort",
                "not_allowed",
                indexed::<C>(rows.shape.deleted),
            ));
        }
        unless_of(PARAMETERS, refusals).map(|()| Self(rows))
    }

    /// As [`ListQuery::permit`].
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        match self.0.permit(actor) {
            Err(Error::Query(refusals)) => unless_of(PARAMETERS, refusals),
            permitted => permitted,
        }
    }

    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// The next page, as a list.
    pub fn page(&self) -> &ListQuery<C> {
        &self.0
    }

    /// The first page says how many rows there are.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.0.count = Count::Exact;
        self
    }

    /// Bytes of a page, at most.
    pub fn limit_page(&mut self, bytes: u64) {
        self.0.answer_limit = bytes;
    }

    /// So many rows at most are a page.
    pub fn limit(&mut self, rows: u64) {
        self.0.limit = rows;
    }

    /// The next page begins there.
    pub fn turn(&mut self, cursor: String) {
        self.0.cursor = Some(cursor);
        self.0.count = Count::None;
    }
}

/// An order without an index would be made anew for each page of an export.
fn indexed<C: Readable>(deleted: Deleted) -> String {
    let names = indexed_fields::<C>(deleted).join(", ");
    format!("an export is sorted by one of these fields, either way: {names}")
}
