//! The query parameters of a list and of one row.
use super::{
    Count, DEFAULT_LIMIT, DEFAULT_SORT, Filter, Group, ListQuery, MAX_CONTAINS, MAX_INCLUDES,
    MAX_LIMIT, MAX_OFFSET, Search, Shape, Sort,
    filter::FilterName,
    include,
    parameter::{Form, Parameter, repeated_value, too_many_values},
    parameters::{Parameters, Unknown},
    relations,
    sort::MAX_FIELDS,
};
use crate::{
    Code, Refusal, Refused, Registry, Result,
    resource::{
        Deleted, Filterable, Readable, ValueKind, declared_field, declared_fields,
        filterable_fields, member_names, searched_columns,
    },
};

const COUNTS: [(&str, Count); 3] = [
    ("none", Count::None),
    ("exact", Count::Exact),
    ("estimate", Count::Estimate),
];

const STATES: [(&str, Deleted); 3] = [
    ("exclude", Deleted::Exclude),
    ("include", Deleted::Include),
    ("only", Deleted::Only),
];

/// Describes the order of a search.
pub(super) const RANKED: &str =
    "The best matches come first, with `offset` and without `cursor`, unless `sort` is given.";

impl<C: Readable> ListQuery<C> {
    pub fn parameters(registry: &Registry) -> Parameters<Self> {
        Parameters::new([
            Parameter::number("limit", "Page size.", 1..=MAX_LIMIT, |query: &mut Self, limit| {
                query.limit = limit;
            })
            .default(DEFAULT_LIMIT),
            Parameter::new(
                "cursor",
                "The `page.next` or `page.prev` of a page with the same filters and `sort`.",
                Form::Cursor,
                |query: &mut Self, value| {
                    query.cursor = Some(value.to_owned());
                    Ok(())
                },
            ),
            Parameter::number(
                "offset",
                "The number of rows to skip, for numbered pages. Cannot be combined with `cursor`.",
                0..=MAX_OFFSET,
                |query: &mut Self, offset| query.offset = offset,
            )
            .default(0),
            Parameter::one_of(
                "count",
                "Whether `page.total` is present, and whether it may be an estimate. The operator can disable `exact`.",
                &COUNTS,
                |query: &mut Self, count| query.count = count,
            )
            .default("none"),
            sort(
                "The fields to sort by, with a hyphen for descending order. `id` is always the last tie-break; null comes last.",
                sortable_names::<C>(),
                MAX_FIELDS,
            ),
        ])
        .with(search(RANKED))
        .with([alternatives()])
        .with(shape_parameters::<C>().map(|parameter| parameter.embed(shape)))
        .with(include::<C>(registry).map(|include| include.embed(shape)))
        .with_filters(filterable_fields::<C>, Self::filter)
        .check(|query, given| {
            let mut refusals = Vec::new();
            if query.cursor.is_some() && query.offset > 0 {
                let detail = "cannot be combined with cursor";
                refusals.push(Refusal::new("offset", Code::NotAllowed, detail));
            }
            if query.search.is_some() && !given.contains("sort") {
                query.sort = None;
                if given.contains("cursor") {
                    let detail = "ranked search results have no cursor; use offset, or add sort";
                    refusals.push(Refusal::new("cursor", Code::NotAllowed, detail));
                }
            }
            refusals
        })
    }

    /// Reports every refused parameter at once.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        registry: &Registry,
    ) -> Result<Self> {
        Self::parameters(registry).parse(Self::default(), pairs)
    }

    pub(super) fn filter(
        &mut self,
        name: &str,
        value: &str,
        unknown: Unknown<'_>,
    ) -> Result<(), Refused> {
        let path = FilterName::of_parameter(name);
        let is_own = path.relation.is_none();
        if is_own && declared_field::<C>(path.field).is_none() {
            return Err(unknown());
        }
        let filter = Filter::parse::<C>(path, value)?;
        if let Some((resource, refused)) = &filter.private {
            let (code, detail) = if is_own { unknown() } else { refused.clone() };
            let refusal = Refusal::new(name, code, detail);
            self.private.push((refusal, resource));
        }
        let is_contains = filter.is_contains();
        self.filters.filters.push(filter);
        self.check_contains(is_contains)
    }

    /// Reads the alternatives of `or`.
    fn any_of(&mut self, text: &str) -> Result<(), Refused> {
        let group = Group::parse_any::<C>(text)?;
        let private = group.all_filters().filter_map(|filter| {
            let (resource, (code, detail)) = filter.private.clone()?;
            Some((Refusal::new("or", code, detail), resource))
        });
        self.private.extend(private);
        let is_contains = group.all_filters().any(Filter::is_contains);
        self.filters.groups.push(group);
        self.check_contains(is_contains)
    }

    /// Refuses the filter that was added last if it is `contains` and exceeds their limit.
    fn check_contains(&self, is_contains: bool) -> Result<(), Refused> {
        let contains = self
            .filters
            .all_filters()
            .filter(|filter| filter.is_contains());
        if is_contains && contains.count() > MAX_CONTAINS {
            let detail = format!("a request may have at most {MAX_CONTAINS} contains filters");
            return Err((Code::TooMany, detail));
        }
        Ok(())
    }
}

impl Shape {
    /// The query parameters of a single row.
    pub fn parameters<C: Readable>(registry: &Registry) -> Parameters<Self> {
        Parameters::new(shape_parameters::<C>()).with(include::<C>(registry))
    }
}

pub(super) fn shape<C: Readable>(query: &mut ListQuery<C>) -> &mut Shape {
    &mut query.shape
}

pub(super) fn shape_parameters<C: Readable>() -> impl Iterator<Item = Parameter<Shape>> {
    deleted::<C>().into_iter().chain([fields::<C>()])
}

/// The parameter `deleted`, which is absent if rows are not soft-deleted.
pub(super) fn deleted<C: Readable>() -> Option<Parameter<Shape>> {
    let deleted = Parameter::one_of(
        "deleted",
        "Whether to include deleted rows, for callers who may restore them.",
        &STATES,
        |shape: &mut Shape, deleted| shape.deleted = deleted,
    );
    C::SOFT_DELETES.then(|| deleted.default("exclude"))
}

/// The parameter `fields`. A member that the caller may not see is absent from the answer.
fn fields<C: Readable>() -> Parameter<Shape> {
    Parameter::list(
        "fields",
        "The members to return besides `id`. The default is all.",
        member_names::<C>().into_iter().map(str::to_owned).collect(),
        |shape: &mut Shape, fields| shape.fields = Some(fields),
    )
}

/// The parameter `include`, which is absent if the resource has no relations.
fn include<C: Readable>(registry: &Registry) -> Option<Parameter<Shape>> {
    let relations = relations(C::name(), registry);
    let values: Vec<_> = relations.iter().flat_map(include::Include::names).collect();
    let is_empty = values.is_empty();
    let heavy = values.iter().find(|name| name.contains('.'));
    let heavy = heavy.map(|name| format!("; `{name}` adds a heavy field of an owner"));
    let heavy = heavy.unwrap_or_default();
    let text = format!("Related rows to include, without heavy fields{heavy}.");
    let form = Form::List {
        values,
        most: Some(MAX_INCLUDES),
    };
    let include = Parameter::new("include", text, form, move |shape: &mut Shape, value| {
        shape.includes = include::parse(value, &relations)?;
        Ok(())
    });
    (!is_empty).then_some(include)
}

pub(super) fn sort<C: Readable>(
    text: &str,
    fields: Vec<String>,
    most: usize,
) -> Parameter<ListQuery<C>> {
    let form = Form::Sort { fields, most };
    Parameter::new("sort", text, form, |query: &mut ListQuery<C>, value| {
        let sort = Sort::parse(value)?;
        let private = sort.private.clone().map(|(code, detail)| {
            let refusal = Refusal::new("sort", code, detail);
            (refusal, C::name())
        });
        query.private.extend(private);
        query.sort = Some(sort);
        Ok(())
    })
    .default(DEFAULT_SORT)
}

/// The parameter `q`, which is absent if the resource cannot be searched. `order` describes the order of the results.
pub(super) fn search<C: Readable>(order: &str) -> Option<Parameter<ListQuery<C>>> {
    let text = format!(
        "Words to find in {}. Rows must contain all of them; the last one may be a prefix. `\"a phrase\"` matches word for word, `-word` excludes rows. \
         {order}",
        searched_columns::<C>().join(", ")
    );
    let search = Parameter::new(
        "q",
        text,
        Form::Search,
        |query: &mut ListQuery<C>, value| {
            query.search = Some(Search::parse(value)?);
            Ok(())
        },
    );
    (!C::SEARCH.is_empty()).then_some(search)
}

/// The parameter `or`.
pub(super) fn alternatives<C: Readable>() -> Parameter<ListQuery<C>> {
    let fields = declared_fields::<C>();
    let first = fields.iter().find_map(|field| match field.kind {
        ValueKind::OneOf([value, ..]) if field.private_of.is_none() => {
            Some(format!("{}.eq.{value}", field.name))
        }
        _ => None,
    });
    let first = first.unwrap_or_else(|| "id.in.(1,2)".to_owned());
    let text = "Conditions in parentheses, of which a row must meet at least one. A condition is `field.operator.value`, with the operators of filters; \
        `and(…)` and `or(…)` are groups of conditions in place of one. A value that contains a comma or a parenthesis is in double quotes; `in` and `nin` \
        take a list in parentheses.";
    let form = Form::Conditions(format!("({first},created_at.gte.2026-01-01)"));
    Parameter::new("or", text, form, |query: &mut ListQuery<C>, value| {
        query.any_of(value)
    })
}

/// Returns the fields that every caller may sort by.
fn sortable_names<C: Readable>() -> Vec<String> {
    let is_public = |field: &Filterable| field.is_sortable && field.private_of.is_none();
    let fields = declared_fields::<C>().into_iter();
    fields.filter(is_public).map(|field| field.name).collect()
}

/// Parses a list of fields, each of which occurs once.
pub(super) fn parse_distinct<T>(
    text: &str,
    most: usize,
    mut read: impl FnMut(&str) -> Result<T, Refused>,
) -> Result<Vec<T>, Refused> {
    let names: Vec<_> = text.split(',').collect();
    let mut values = Vec::new();
    for (place, name) in names.iter().enumerate() {
        values.push(read(name)?);
        if names[..place].contains(name) {
            return Err(repeated_value(name));
        }
    }
    if values.len() > most {
        return Err(too_many_values(most, "fields"));
    }
    Ok(values)
}
