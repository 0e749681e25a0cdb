//! What is asked of many rows at once: how many there are, and the least and the greatest of their values, for each group.
use sea_orm::{ColumnTrait, DbBackend, Select};

use super::{
    ListQuery, Refused, filterable,
    parameter::{Form, Parameter},
    parameters::Parameters,
    parse::{RANKED, deleted, distinct, search, shape},
    public, sortable, unknown_field,
};
use crate::{
    Actor, Code, Refusal, Result,
    crud::{Column, Deleted, Field, Readable, orderable},
};

/// Fields of `group_by`, and of `min` and `max` each.
pub const MAX_GROUP_FIELDS: usize = 3;
pub const MAX_EXTREMES: usize = 5;

/// Groups of one answer.
pub const MAX_GROUPS: u64 = 1_000;

pub struct StatsQuery<C: Readable> {
    /// Which rows: its order and window are not used.
    rows: ListQuery<C>,
    pub group_by: Vec<Column<C>>,
    pub is_counted: bool,
    pub min: Vec<Column<C>>,
    pub max: Vec<Column<C>>,
}

impl<C: Readable> Default for StatsQuery<C> {
    fn default() -> Self {
        Self {
            rows: ListQuery::default(),
            group_by: Vec::new(),
            is_counted: false,
            min: Vec::new(),
            max: Vec::new(),
        }
    }
}

impl<C: Readable> StatsQuery<C> {
    pub fn parameters() -> Parameters<Self> {
        let count = Parameter::one_of(
            "count",
            "Whether rows are counted. They are also counted if no other aggregate is requested.",
            &[("", true), ("true", true)],
            |query: &mut Self, is_counted| query.is_counted = is_counted,
        );
        let rows: fn(&mut Self) -> &mut ListQuery<C> = |query| &mut query.rows;
        let filters = Parameters::new(search(RANKED))
            .with(deleted::<C>().map(|deleted| deleted.embed(shape)))
            .with_filters(filterable::<C>, ListQuery::filter);
        let own = Parameters::new([
            columns(
                "group_by",
                "The fields to group by. Without it, all rows are one group.",
                (is_groupable, MAX_GROUP_FIELDS),
                |query, columns| query.group_by = columns,
            ),
            count,
            columns(
                "min",
                "The fields whose minimum is returned.",
                (is_ordered, MAX_EXTREMES),
                |query, columns| query.min = columns,
            ),
            columns(
                "max",
                "The fields whose maximum is returned.",
                (is_ordered, MAX_EXTREMES),
                |query, columns| query.max = columns,
            ),
        ]);
        own.merge(filters.embed(rows)).check(|query, _| {
            query.is_counted |= query.min.is_empty() && query.max.is_empty();
            Vec::new()
        })
    }

    /// Reports every refused parameter at once. Where nothing is asked for, the rows are counted.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        Self::parameters().parse(Self::default(), pairs)
    }

    /// As [`ListQuery::permit`]: the least value of a field tells as much as a filter on it.
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        self.rows.permit(actor)
    }

    /// Bytes of the answer, at most.
    pub fn limit_answer(&mut self, bytes: u64) {
        self.rows.answer_limit = bytes;
    }

    pub(crate) fn answer_limit(&self) -> u64 {
        self.rows.answer_limit
    }

    pub(crate) fn deleted(&self) -> Deleted {
        self.rows.shape.deleted
    }

    pub(crate) fn filtered(
        &self,
        rows: Select<C::Entity>,
        actor: &Actor,
        db: DbBackend,
    ) -> Select<C::Entity> {
        self.rows.filtered(rows, actor, db)
    }
}

/// Tells whether a parameter can name a field.
type IsMeant<C> = fn(&Field<Column<C>>) -> bool;

/// A parameter that lists fields for which `is_meant` holds.
fn columns<C: Readable>(
    name: &'static str,
    text: &str,
    (is_meant, most): (IsMeant<C>, usize),
    set: fn(&mut StatsQuery<C>, Vec<Column<C>>),
) -> Parameter<StatsQuery<C>> {
    let known = public::<C>(is_meant).into_iter().map(str::to_owned);
    let form = Form::List {
        values: known.collect(),
        most: Some(most),
    };
    Parameter::new(name, text, form, move |query: &mut StatsQuery<C>, value| {
        let fields = distinct(value, most, |field| column::<C>(field, is_meant))?;
        if fields.iter().any(|field| field.is_private) {
            let (code, detail) = unknown_field::<C>(is_meant);
            let refusal = Refusal::new(name, code, detail);
            query.rows.private.push((refusal, C::name()));
        }
        set(query, fields.iter().map(|field| field.column).collect());
        Ok(())
    })
}

fn column<C: Readable>(
    name: &str,
    is_meant: fn(&Field<Column<C>>) -> bool,
) -> Result<Field<Column<C>>, Refused> {
    let field = sortable::<C>(name, is_meant)?;
    if is_meant(&field) {
        Ok(field)
    } else if field.is_private {
        // The answer must not reveal that the field exists.
        Err(unknown_field::<C>(is_meant))
    } else {
        let known = public::<C>(is_meant).join(", ");
        let detail = format!("{name} is true or false and has no order; expected {known}");
        Err((Code::NotAllowed, detail))
    }
}

fn is_groupable<K: Copy>(field: &Field<K>) -> bool {
    field.is_sortable()
}

fn is_ordered<K: ColumnTrait>(field: &Field<K>) -> bool {
    field.is_sortable() && orderable(field.column)
}
