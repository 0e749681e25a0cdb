//! What is asked of many rows at once: how many there are, and the least and the greatest of their values, for each group.
use sea_orm::{DbBackend, IdenStatic, Select};

use super::{
    ListQuery, Refused,
    parse::{one_of, rows_among, take_each, unless_of},
    permit, sortable, unknown,
};
use crate::{
    Actor, Error, Registry, Result,
    crud::{Column, Deleted, Readable, orderable},
};

/// Fields of `group_by`, and of `min` and `max` each.
pub const MAX_GROUP_FIELDS: usize = 3;
pub const MAX_EXTREMES: usize = 5;

/// Groups of one answer.
pub const MAX_GROUPS: u64 = 1_000;

const PARAMETERS: &str = "group_by, count, min, max, deleted, and q where there is a search";
const OWN: [&str; 4] = ["group_by", "count", "min", "max"];
/// Those of a list that mean nothing here.
const WINDOW: [&str; 6] = ["limit", "offset", "cursor", "sort", "fields", "include"];

pub struct StatsQuery<C: Readable> {
    /// Which rows: its order and window are not used.
    rows: ListQuery<C>,
    pub group_by: Vec<Column<C>>,
    pub is_counted: bool,
    pub min: Vec<Column<C>>,
    pub max: Vec<Column<C>>,
    private: Vec<(String, &'static str)>,
}

impl<C: Readable> Default for StatsQuery<C> {
    fn default() -> Self {
        Self {
            rows: ListQuery::default(),
            group_by: Vec::new(),
            is_counted: false,
            min: Vec::new(),
            max: Vec::new(),
            private: Vec::new(),
        }
    }
}

impl<C: Readable> StatsQuery<C> {
    /// Reports every refused parameter at once. Where nothing is asked for, the rows are counted.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        registry: &Registry,
    ) -> Result<Self> {
        let is_ours = |(name, _): &(&str, &str)| OWN.contains(name) || WINDOW.contains(name);
        let (ours, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(is_ours);
        let mut query = Self::default();
        let (rows, mut refusals) = rows_among(others, registry)?;
        query.rows = rows;
        let (_, refused) = take_each(ours, |name, value| query.take(name, value));
        refusals.extend(refused);
        query.is_counted |= query.min.is_empty() && query.max.is_empty();
        unless_of(PARAMETERS, refusals).map(|()| query)
    }

    /// As [`ListQuery::permit`]: the least value of a field tells as much as a filter on it.
    pub fn permit(&self, actor: &Actor) -> Result<()> {
        let private = [self.rows.private.as_slice(), &self.private].concat();
        match permit::<C>(&private, actor) {
            Err(Error::Query(refusals)) => unless_of(PARAMETERS, refusals),
            permitted => permitted,
        }
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

    fn take(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        match name {
            "group_by" => self.group_by = self.columns(name, value, MAX_GROUP_FIELDS)?,
            "count" => self.is_counted = one_of(value, &[("true", true), ("", true)])?,
            "min" => self.min = self.extremes(name, value)?,
            "max" => self.max = self.extremes(name, value)?,
            _ => return Err(("unknown", format!("goes with lists; here are {PARAMETERS}"))),
        }
        Ok(())
    }

    fn extremes(&mut self, name: &str, text: &str) -> Result<Vec<Column<C>>, Refused> {
        for field in text.split(',') {
            let declared = sortable::<C>(field)?;
            if !orderable(declared.column) {
                // One that is private must look like none.
                return Err(match declared.is_private {
                    true => ("unknown", unknown::<C>()),
                    false => (
                        "not_allowed",
                        format!("{field} is true or false, without an order"),
                    ),
                });
            }
        }
        self.columns(name, text, MAX_EXTREMES)
    }

    fn columns(&mut self, name: &str, text: &str, most: usize) -> Result<Vec<Column<C>>, Refused> {
        let mut columns: Vec<Column<C>> = Vec::new();
        let mut has_private = false;
        for field in text.split(',') {
            let declared = sortable::<C>(field)?;
            if columns.iter().any(|other| other.as_str() == field) {
                return Err(("duplicate", format!("names {field} more than once")));
            }
            has_private |= declared.is_private;
            columns.push(declared.column);
        }
        if columns.len() > most {
            return Err(("too_many", format!("takes at most {most} fields")));
        }
        let private = has_private.then(|| (name.to_owned(), C::name()));
        self.private.extend(private);
        Ok(columns)
    }
}
