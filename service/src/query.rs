//! A list as a client asks for it, parsed once against what the resource declares.
use std::{collections::HashSet, marker::PhantomData};

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{
    ColumnTrait, ColumnType, IdenStatic, Order, QueryFilter, QueryOrder, Select, Value,
    sea_query::NullOrdering,
};

use crate::{
    Actor, Error, Refusal, Result,
    crud::{Column, Crud, Deleted, column},
    permission::{Action, Reach},
};

/// Rows of a page; contract §4.
pub const DEFAULT_LIMIT: u64 = 20;
pub const MAX_LIMIT: u64 = 100;
pub const MAX_OFFSET: u64 = 10_000;
const MAX_SORT_FIELDS: usize = 3;

/// Declared by every resource without being named.
const BASE_FIELDS: [&str; 4] = ["id", "created_at", "updated_at", "version"];

/// Filters, order and window of one list of `C`.
pub struct ListQuery<C: Crud> {
    filters: Vec<(Column<C>, Value)>,
    sort: Vec<(Column<C>, Order)>,
    private: Vec<String>,
    pub limit: u64,
    pub offset: u64,
    pub deleted: Deleted,
    pub is_counted: bool,
    resource: PhantomData<C>,
}

impl<C: Crud> Default for ListQuery<C> {
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            sort: Vec::new(),
            private: Vec::new(),
            limit: DEFAULT_LIMIT,
            offset: 0,
            deleted: Deleted::Exclude,
            is_counted: false,
            resource: PhantomData,
        }
    }
}

impl<C: Crud> ListQuery<C> {
    /// Reports every refused parameter at once.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut query = Self::default();
        let mut refusals = Vec::new();
        let mut seen = HashSet::new();
        for (name, value) in pairs {
            let taken = match seen.insert(name) {
                true => query.take(name, value),
                false => Err(("duplicate", "is given more than once".to_owned())),
            };
            refusals.extend(
                taken
                    .err()
                    .map(|(code, detail)| Refusal::new(name, code, detail)),
            );
        }
        if refusals.is_empty() {
            Ok(query)
        } else {
            Err(Error::Query(refusals))
        }
    }

    /// A private field may only be named by those who may read it on every row.
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        if self.private.is_empty() || actor.reach(C::name(), Action::Read) == Reach::All {
            return Ok(());
        }
        Err(Error::Query(
            self.private
                .iter()
                .map(|name| Refusal::new(name, "unknown", unknown::<C>(false)))
                .collect(),
        ))
    }

    /// Narrows the list to rows with this value.
    #[must_use]
    pub fn with(mut self, column: Column<C>, value: impl Into<Value>) -> Self {
        self.filters.push((column, value.into()));
        self
    }

    pub(crate) fn filtered(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        self.filters.iter().fold(rows, |rows, (column, value)| {
            rows.filter(column.eq(value.clone()))
        })
    }

    /// `id` is the last tie-break, in the direction of the field before it, which is how the indexes run. NULL comes last.
    pub(crate) fn sorted(&self, rows: Select<C::Entity>) -> Select<C::Entity> {
        let id = column::<C::Entity>("id");
        let by = |rows: Select<C::Entity>, (column, order): &(Column<C>, Order)| match column
            .def()
            .is_null()
        {
            true => rows.order_by_with_nulls(*column, order.clone(), NullOrdering::Last),
            false => rows.order_by(*column, order.clone()),
        };
        let last = self
            .sort
            .last()
            .map_or(Order::Desc, |(_, order)| order.clone());
        self.sort.iter().fold(rows, by).order_by(id, last)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        match name {
            "limit" => self.limit = number(value, 1, MAX_LIMIT)?,
            "offset" => self.offset = number(value, 0, MAX_OFFSET)?,
            "sort" => self.sort = self.order(value)?,
            "count" => {
                self.is_counted = one_of(
                    value,
                    &[("none", false), ("exact", true), ("estimate", true)],
                )?;
            }
            "deleted" => {
                let states = [
                    ("exclude", Deleted::Exclude),
                    ("include", Deleted::Include),
                    ("only", Deleted::Only),
                ];
                self.deleted = one_of(value, &states)?;
            }
            _ => {
                let column = self.declared(name, name)?;
                self.filters
                    .push((column, parse(column.def().get_column_type(), value)?));
            }
        }
        Ok(())
    }

    fn order(&mut self, value: &str) -> Result<Vec<(Column<C>, Order)>, Refused> {
        let fields: Vec<_> = value.split(',').collect();
        if fields.len() > MAX_SORT_FIELDS {
            return Err((
                "too_many",
                format!("sorts by at most {MAX_SORT_FIELDS} fields"),
            ));
        }
        let mut sort: Vec<(Column<C>, Order)> = Vec::new();
        for field in fields {
            let (name, order) = match field.strip_prefix('-') {
                Some(name) => (name, Order::Desc),
                None => (field, Order::Asc),
            };
            let column = self.declared("sort", name)?;
            if sort.iter().any(|(known, _)| known.as_str() == name) {
                return Err(("duplicate", format!("names {name} more than once")));
            }
            sort.push((column, order));
        }
        Ok(sort)
    }

    /// `parameter` is where the field is named.
    fn declared(&mut self, parameter: &str, name: &str) -> Result<Column<C>, Refused> {
        if BASE_FIELDS.contains(&name) {
            return Ok(column::<C::Entity>(name));
        }
        match C::FIELDS.iter().find(|field| field.column.as_str() == name) {
            Some(field) => {
                if field.is_private {
                    self.private.push(parameter.to_owned());
                }
                Ok(field.column)
            }
            None => Err(("unknown", unknown::<C>(false))),
        }
    }
}

type Refused = (&'static str, String);

/// Says which fields there are; the private ones only to those who may see them.
fn unknown<C: Crud>(with_private: bool) -> String {
    let declared = C::FIELDS
        .iter()
        .filter(|field| with_private || !field.is_private)
        .map(|field| field.column.as_str());
    let names: Vec<_> = BASE_FIELDS.into_iter().chain(declared).collect();
    format!(
        "is not one of {}; or limit, offset, sort, count, deleted",
        names.join(", ")
    )
}

fn number(value: &str, min: u64, max: u64) -> Result<u64, Refused> {
    let number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| value.parse().ok())
        .flatten();
    number
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| {
            (
                "out_of_range",
                format!("must be a number from {min} to {max}"),
            )
        })
}

fn one_of<T: Copy>(value: &str, known: &[(&str, T)]) -> Result<T, Refused> {
    known
        .iter()
        .find(|(name, _)| *name == value)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            (
                "not_allowed",
                format!("must be one of {}", names.join(", ")),
            )
        })
}

/// A value as its column wants it.
fn parse(kind: &ColumnType, text: &str) -> Result<Value, Refused> {
    let wrong = |what: &str| ("wrong_type", format!("must be {what}"));
    match kind {
        ColumnType::BigInteger | ColumnType::Integer => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| wrong("a 64-bit integer")),
        ColumnType::Boolean => text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| wrong("true or false")),
        ColumnType::TimestampWithTimeZone => DateTime::parse_from_rfc3339(text)
            .map(|time| Value::from(time.with_timezone(&Utc).trunc_subsecs(6).fixed_offset()))
            .map_err(|_| wrong("a time as in RFC 3339, such as 2026-01-31T09:30:00Z")),
        _ if text.contains('\0') => Err(wrong("text without U+0000")),
        _ => Ok(Value::from(text)),
    }
}
