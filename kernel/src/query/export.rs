//! The query of an export, which returns all rows that match, page by page.
use super::{
    Count, ListQuery, Shape, Sort,
    parameters::Parameters,
    parse::{alternatives, search, shape, shape_parameters, sort},
};
use crate::{
    Actor, Code, Refusal, Result,
    resource::{Deleted, Readable, filterable_fields, indexed_fields},
};

/// A list without a window. With `q` it is ordered by `sort` too, because a rank cannot be a position.
pub struct ExportQuery<C: Readable>(ListQuery<C>);

impl<C: Readable> Default for ExportQuery<C> {
    fn default() -> Self {
        Self(ListQuery::default())
    }
}

impl<C: Readable> ExportQuery<C> {
    pub fn parameters() -> Parameters<Self> {
        let indexed = indexed_fields::<C>(Deleted::Exclude);
        let rows = Parameters::new([sort(
            "The field to sort by, with a hyphen for descending order. With `deleted`, only `id`.",
            indexed.into_iter().map(str::to_owned).collect(),
            1,
        )])
        .with(search("The rows are in the order of `sort`."))
        .with([alternatives()])
        .with(shape_parameters::<C>().map(|parameter| parameter.embed(shape)))
        .with_filters(filterable_fields::<C>, ListQuery::filter)
        .check(|query, _| {
            let deleted = query.shape.deleted;
            let sort = query.sort.get_or_insert_with(Sort::default);
            if sort.follows_index(deleted) {
                return Vec::new();
            }
            // Without an index, each page of an export would sort all rows again.
            let names = indexed_fields::<C>(deleted).join(", ");
            let detail = format!("an export is sorted by one field; expected one of {names}");
            vec![Refusal::new("sort", Code::NotAllowed, detail)]
        });
        rows.embed(|query: &mut Self| &mut query.0)
    }

    /// Reports every refused parameter at once.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        Self::parameters().parse(Self::default(), pairs)
    }

    /// Fails as [`ListQuery::permit`] does.
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        self.0.permit(actor)
    }

    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// Returns the query of the next page.
    pub fn page(&self) -> &ListQuery<C> {
        &self.0
    }

    /// Makes the first page count all rows.
    #[must_use]
    pub fn with_count(mut self) -> Self {
        self.0.count = Count::Exact;
        self
    }

    /// Limits the bytes of a page.
    pub fn limit_page(&mut self, bytes: u64) {
        self.0.answer_limit = bytes;
    }

    /// Limits the rows of a page.
    pub fn limit(&mut self, rows: u64) {
        self.0.limit = rows;
    }

    /// Moves to the page that begins at the cursor.
    pub fn continue_at(&mut self, cursor: String) {
        self.0.cursor = Some(cursor);
        self.0.count = Count::None;
    }
}
