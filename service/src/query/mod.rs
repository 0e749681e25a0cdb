//! A list as a client asks for it, parsed once against what the resource declares.
mod beyond;
mod cursor;
mod describe;
mod filter;
mod include;
mod sort;
mod stats;
mod value;

use std::collections::HashSet;

use sea_orm::{IdenStatic, QueryFilter, QuerySelect, Select, Value};

use crate::{
    Actor, Error, Refusal, Result,
    crud::{Column, Crud, Deleted, Field, Model, column, nothing, scope},
    permission::{Action, Reach},
};
use cursor::Cursor;
pub use cursor::Secret;
pub use describe::{Filterable, ValueKind, declared_fields, filterable, operators};
pub use filter::{Filter, MAX_VALUES};
pub use include::{Include, MAX_INCLUDES, relations};
pub use sort::MAX_FIELDS;
use sort::Sort;
pub use stats::{MAX_EXTREMES, MAX_GROUP_FIELDS, MAX_GROUPS, StatsQuery};

/// Rows of a page; contract §4.
pub const DEFAULT_LIMIT: u64 = 20;
pub const MAX_LIMIT: u64 = 100;
pub const MAX_OFFSET: u64 = 10_000;

/// Declared by every resource without being named.
const BASE_FIELDS: [&str; 4] = ["id", "created_at", "updated_at", "version"];

/// What a list takes beside its filters.
const LIST_PARAMETERS: &str = "limit, offset, cursor, sort, fields, include, count, deleted";

/// A code, and what to do.
pub type Refused = (&'static str, String);

/// Filters, order and window of one list of `C`.
pub struct ListQuery<C: Crud> {
    filters: Vec<Filter>,
    sort: Sort<C>,
    /// Private fields that were named: the parameter, and the resource whose they are.
    private: Vec<(String, &'static str)>,
    /// What a cursor is bound to, as the client wrote it.
    binding: Vec<String>,
    cursor: Option<String>,
    pub limit: u64,
    pub offset: u64,
    pub count: Count,
    pub shape: Shape,
}

/// What is said of how many rows there are on all pages together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    None,
    /// Reads every row that matches.
    Exact,
    /// What PostgreSQL's planner expects; exact on SQLite, whose planner expects nothing.
    Estimate,
}

/// How rows are shown.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    pub deleted: Deleted,
    /// The members that are shown; all, where nothing is said.
    pub fields: Option<Vec<String>>,
    pub includes: Vec<Include>,
}

impl Shape {
    /// Whether rows are shown as a whole, and alone.
    pub fn is_plain(&self) -> bool {
        self.fields.is_none() && self.includes.is_empty()
    }
}

impl<C: Crud> Default for ListQuery<C> {
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            sort: Sort::default(),
            private: Vec::new(),
            binding: vec![C::name().to_owned()],
            cursor: None,
            limit: DEFAULT_LIMIT,
            offset: 0,
            count: Count::None,
            shape: Shape::default(),
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
            let refused = |(code, detail)| Refusal::new(name, code, detail);
            refusals.extend(taken.err().map(refused));
        }
        if seen.contains("cursor") && seen.contains("offset") {
            refusals.push(Refusal::new("offset", "not_allowed", "goes with no cursor"));
        }
        match refusals.is_empty() {
            true => Ok(query),
            false => Err(Error::Query(refusals)),
        }
    }

    /// A private field may only be named by those who may read it on every row.
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        permit::<C>(&self.private, actor)
    }

    /// Narrows the list to rows with this value.
    pub fn narrow(&mut self, column: Column<C>, value: impl Into<Value>) {
        let value = value.into();
        self.binding.push(format!("{}={value:?}", column.as_str()));
        self.filters.push(Filter::equal::<C>(column, value));
    }

    pub(crate) fn filtered(&self, rows: Select<C::Entity>, actor: &Actor) -> Select<C::Entity> {
        let narrow =
            |rows: Select<C::Entity>, filter: &Filter| rows.filter(filter.condition(actor));
        self.filters.iter().fold(rows, narrow)
    }

    /// The place that the cursor names, if there is one. Fails where it was altered, or made for another list.
    pub(crate) fn place(&self, secret: &Secret) -> Result<Option<Cursor>> {
        let Some(text) = &self.cursor else {
            return Ok(None);
        };
        let cursor = Cursor::decode(text, secret, &self.binding());
        let refused =
            "is none of this list: it was altered, or made for other filters or another order";
        cursor
            .map(Some)
            .ok_or_else(|| Error::parameter("cursor", "bad_cursor", refused))
    }

    /// In order, beyond `place`; backwards before it, nearest first.
    pub(crate) fn windowed(
        &self,
        rows: Select<C::Entity>,
        place: Option<&Cursor>,
    ) -> Result<Select<C::Entity>> {
        let Some(place) = place else {
            return Ok(self.sort.order(rows, false));
        };
        let order = |rows| self.sort.order(rows, place.backward);
        let mut ranges = self.sort.beyond(place)?;
        Ok(match (ranges.pop(), ranges.is_empty()) {
            (None, _) => order(rows.filter(nothing())),
            (Some(only), true) => order(rows.filter(only)),
            (Some(last), false) => {
                let first = |range| order(rows.clone().filter(range)).limit(self.limit + 1);
                let pieces = ranges.into_iter().chain([last]).map(first);
                order(scope::any_of(pieces))
            }
        })
    }

    /// A cursor to what follows a row, or precedes it.
    pub(crate) fn cursor(&self, row: &Model<C>, backward: bool, secret: &Secret) -> String {
        let values = self.sort.values(row);
        Cursor { backward, values }.encode(secret, &self.binding())
    }

    fn binding(&self) -> String {
        let mut parts = self.binding.clone();
        parts.sort();
        parts.join("\n")
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        match name {
            "limit" => self.limit = number(value, 1, MAX_LIMIT)?,
            "offset" => self.offset = number(value, 0, MAX_OFFSET)?,
            "cursor" => self.cursor = Some(value.to_owned()),
            "include" => self.shape.includes = include::parse::<C>(value)?,
            "fields" => self.shape.fields = Some(fields::<C>(value)?),
            "count" => {
                let kinds = [
                    ("none", Count::None),
                    ("exact", Count::Exact),
                    ("estimate", Count::Estimate),
                ];
                self.count = one_of(value, &kinds)?;
            }
            "sort" => {
                self.bind(name, value);
                self.sort = Sort::parse(value)?;
                let private = self.sort.private().map(|()| (name.to_owned(), C::name()));
                self.private.extend(private);
            }
            "deleted" => {
                self.bind(name, value);
                let states = [
                    ("exclude", Deleted::Exclude),
                    ("include", Deleted::Include),
                    ("only", Deleted::Only),
                ];
                self.shape.deleted = one_of(value, &states)?;
            }
            _ => {
                self.bind(name, value);
                let filter = Filter::parse::<C>(name, value)?;
                let private = filter
                    .private_of
                    .map(|resource| (name.to_owned(), resource));
                self.private.extend(private);
                self.filters.push(filter);
            }
        }
        Ok(())
    }

    fn bind(&mut self, name: &str, value: &str) {
        self.binding.push(format!("{name}={value}"));
    }
}

/// Refuses the parameters that name private fields, of which comes with each the resource whose they are.
fn permit<C: Crud>(private: &[(String, &'static str)], actor: &Actor) -> Result<()> {
    let hidden = |resource: &str| actor.reach(resource, Action::Read) < Reach::All;
    let refused = private.iter().filter(|(_, resource)| hidden(resource));
    let refusals: Vec<_> = refused
        .map(|(parameter, _)| Refusal::new(parameter, "unknown", unknown::<C>()))
        .collect();
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(Error::Query(refusals)),
    }
}

/// What a resource declares of a field.
fn declared<C: Crud>(name: &str) -> Result<Field<Column<C>>, Refused> {
    if BASE_FIELDS.contains(&name) {
        return Ok(Field::public(column::<C::Entity>(name)));
    }
    let mut fields = C::FIELDS.iter().filter(|field| field.is_comparable);
    let field = fields.find(|field| field.column.as_str() == name);
    field.copied().ok_or_else(|| ("unknown", unknown::<C>()))
}

/// The members that a client may ask for by name.
pub fn showable<C: Crud>() -> Vec<&'static str> {
    let columns = C::FIELDS.iter().map(|field| field.column.as_str());
    BASE_FIELDS
        .into_iter()
        .chain(["deleted_at"])
        .chain(columns)
        .chain(C::COMPUTED.iter().copied())
        .collect()
}

/// The members that `fields` names; one that the caller may not see is just not there.
fn fields<C: Crud>(text: &str) -> Result<Vec<String>, Refused> {
    let known = showable::<C>();
    let names = text.split(',').map(|name| match known.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err((
            "unknown",
            format!("{name:?} is not one of {}", known.join(", ")),
        )),
    });
    names.collect()
}

/// Says which fields there are for everyone; naming the others would tell that they exist.
fn unknown<C: Crud>() -> String {
    let declared = C::FIELDS
        .iter()
        .filter(|field| !field.is_private && field.is_comparable);
    let names = BASE_FIELDS
        .into_iter()
        .chain(declared.map(|field| field.column.as_str()));
    let names: Vec<_> = names.collect();
    format!("is not one of {}; or {LIST_PARAMETERS}", names.join(", "))
}

fn number(value: &str, min: u64, max: u64) -> Result<u64, Refused> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| value.parse().ok()).flatten();
    let refused = || {
        (
            "out_of_range",
            format!("must be a number from {min} to {max}"),
        )
    };
    number
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(refused)
}

fn one_of<T: Copy>(value: &str, known: &[(&str, T)]) -> Result<T, Refused> {
    let found = known.iter().find(|(name, _)| *name == value);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        (
            "not_allowed",
            format!("must be one of {}", names.join(", ")),
        )
    })
}
