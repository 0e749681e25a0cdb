//! The query of `stats`: the number of rows, and the minimum, maximum and sum of their values, for each group.
use sea_orm::{ColumnTrait, DbBackend, IdenStatic, Select};

use chrono::{DateTime, Utc};

use super::{
    ListQuery, MAX_PERIODS, Period,
    parameter::{Form, Parameter},
    parameters::Parameters,
    parse::{RANKED, alternatives, deleted, parse_distinct, search, shape},
    sortable_field, unknown_field,
};
use crate::{
    Actor, Code, Refusal, Refused, Result,
    resource::{
        Column, Deleted, Field, Readable, declared_fields, filterable_fields, now, public_fields,
        value::ValueKind,
    },
};

/// The most fields of `group_by`, and of each of `min`, `max` and `sum`.
pub const MAX_GROUP_FIELDS: usize = 3;
pub const MAX_EXTREMES: usize = 5;

/// The most groups of one answer.
pub const MAX_GROUPS: u64 = 1_000;

pub struct StatsQuery<C: Readable> {
    /// The filters of the rows. Its order and window are not used.
    rows: ListQuery<C>,
    pub group_by: Vec<Field<Column<C>>>,
    /// The period whose beginning stands for a time in `group_by`.
    pub period: Option<Period>,
    pub is_counted: bool,
    pub min: Vec<Field<Column<C>>>,
    pub max: Vec<Field<Column<C>>>,
    pub sum: Vec<Field<Column<C>>>,
}

impl<C: Readable> Default for StatsQuery<C> {
    fn default() -> Self {
        Self {
            rows: ListQuery::default(),
            group_by: Vec::new(),
            period: None,
            is_counted: false,
            min: Vec::new(),
            max: Vec::new(),
            sum: Vec::new(),
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
            .with([alternatives()])
            .with(deleted::<C>().map(|deleted| deleted.embed(shape)))
            .with_filters(filterable_fields::<C>, ListQuery::filter);
        let own = Parameters::new([
            fields(
                "group_by",
                "The fields to group by. Without it, all rows are one group.",
                (is_groupable, MAX_GROUP_FIELDS),
                |query, fields| query.group_by = fields,
            ),
            count,
            Parameter::one_of(
                "per",
                &format!(
                    "Groups by the beginnings of these periods of the time in `group_by`, in UTC; weeks begin on Monday. \
                     Requires one time in `group_by`, and a filter on it such as `created_at[gte]`: from there to the filter's \
                     end, or to now, are at most {MAX_PERIODS} periods."
                ),
                &Period::ALL,
                |query, period| query.period = Some(period),
            ),
            fields(
                "min",
                "The fields whose minimum is returned.",
                (has_extremes, MAX_EXTREMES),
                |query, fields| query.min = fields,
            ),
            fields(
                "max",
                "The fields whose maximum is returned.",
                (has_extremes, MAX_EXTREMES),
                |query, fields| query.max = fields,
            ),
        ]);
        // A resource without numbers has no sums.
        let has_sum = declared_fields::<C>().iter().any(|field| field.has_sum);
        let sum = has_sum.then(|| {
            fields(
                "sum",
                "The fields whose sum is returned.",
                (Field::has_sum, MAX_EXTREMES),
                |query: &mut Self, fields| query.sum = fields,
            )
        });
        own.with(sum).merge(filters.embed(rows)).check(|query, _| {
            query.is_counted |=
                query.min.is_empty() && query.max.is_empty() && query.sum.is_empty();
            let period = query.period.map(|period| query.check_period(period));
            let refused = period.and_then(Result::err);
            let refusal = |(code, detail)| Refusal::new("per", code, detail);
            refused.map(refusal).into_iter().collect()
        })
    }

    /// Fails unless the rows are grouped by one time, over a bounded number of periods.
    fn check_period(&self, period: Period) -> Result<(), Refused> {
        let is_time = |field: &&Field<Column<C>>| field.kind() == Some(ValueKind::Time);
        let mut times = self.group_by.iter().filter(is_time);
        let (Some(time), None) = (times.next(), times.next()) else {
            let detail = "requires one time in group_by, such as created_at";
            return Err((Code::Invalid, detail.to_owned()));
        };
        let (time, name) = (time.column.as_str(), period.name());
        let bound = |operators: [&str; 2]| {
            let compared = self.rows.comparisons(time).into_iter();
            let bounds = compared.filter(move |(operator, _)| operators.contains(operator));
            let parsed = |(_, value): (_, &str)| value.parse::<DateTime<Utc>>().ok();
            bounds.filter_map(parsed).collect::<Vec<_>>()
        };
        let Some(from) = bound(["gt", "gte"]).into_iter().max() else {
            let detail = format!("requires the beginning of the time: add {time}[gte]");
            return Err((Code::Required, detail));
        };
        let to = bound(["lt", "lte"]).into_iter().min();
        let to = to.unwrap_or_else(|| now().to_utc());
        if period.count(from, to) <= MAX_PERIODS {
            return Ok(());
        }
        let detail = format!("allows at most {MAX_PERIODS} {name}s: narrow {time} with gte and lt");
        Err((Code::OutOfRange, detail))
    }

    /// Reports every refused parameter at once. Rows are counted if the client asks for no aggregate.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        Self::parameters().parse(Self::default(), pairs)
    }

    /// Fails as [`ListQuery::permit`] does, because a minimum reveals as much as a filter.
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        self.rows.permit(actor)
    }

    /// Limits the bytes of the answer.
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

/// Makes a parameter that lists fields which `is_meant` accepts.
fn fields<C: Readable>(
    name: &'static str,
    text: &str,
    (is_meant, most): (IsMeant<C>, usize),
    set: fn(&mut StatsQuery<C>, Vec<Field<Column<C>>>),
) -> Parameter<StatsQuery<C>> {
    let known = public_fields::<C>(is_meant).into_iter().map(str::to_owned);
    let form = Form::List {
        values: known.collect(),
        most: Some(most),
    };
    Parameter::new(name, text, form, move |query: &mut StatsQuery<C>, value| {
        let fields = parse_distinct(value, most, |field| self::field::<C>(name, field, is_meant))?;
        if let Some(field) = fields.iter().find(|field| field.is_private) {
            let (code, detail) = unknown_field::<C>(field.column.as_str(), is_meant);
            let refusal = Refusal::new(name, code, detail);
            query.rows.private.push((refusal, C::name()));
        }
        set(query, fields);
        Ok(())
    })
}

fn field<C: Readable>(
    parameter: &str,
    name: &str,
    is_meant: fn(&Field<Column<C>>) -> bool,
) -> Result<Field<Column<C>>, Refused> {
    let field = sortable_field::<C>(name, is_meant)?;
    if is_meant(&field) {
        Ok(field)
    } else if field.is_private {
        // The answer must not reveal that the field exists.
        Err(unknown_field::<C>(name, is_meant))
    } else {
        let known = public_fields::<C>(is_meant).join(", ");
        let detail = format!("{parameter} does not work on {name}; expected {known}");
        Err((Code::NotAllowed, detail))
    }
}

fn is_groupable<K: Copy>(field: &Field<K>) -> bool {
    field.is_sortable()
}

fn has_extremes<K: ColumnTrait>(field: &Field<K>) -> bool {
    field.is_sortable() && field.kind().is_some_and(ValueKind::has_extremes)
}
