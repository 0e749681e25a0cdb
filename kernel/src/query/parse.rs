//! The query string of a list, parameter by parameter.
use std::collections::HashSet;

use super::{
    Count, Filter, LIST_PARAMETERS, ListQuery, MAX_CONTAINS, MAX_LIMIT, MAX_OFFSET, Refused,
    Search, Sort, fields, include,
};
use crate::{
    Error, Refusal, Registry, Result,
    crud::{Deleted, Readable},
};

impl<C: Readable> ListQuery<C> {
    /// Reports every refused parameter at once.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        registry: &Registry,
    ) -> Result<Self> {
        let mut query = Self::default();
        let take = |name: &str, value: &str| query.take(name, value, registry);
        let (seen, mut refusals) = take_each(pairs, take);
        if query.cursor.is_some() && query.offset > 0 {
            refusals.push(Refusal::new("offset", "not_allowed", "goes with no cursor"));
        }
        if query.search.is_some() && !seen.contains("sort") {
            query.sort = None;
            if seen.contains("cursor") {
                let detail = "goes with q only where there is a sort: what is ranked has offset";
                refusals.push(Refusal::new("cursor", "not_allowed", detail));
            }
        }
        unless(refusals).map(|()| query)
    }

    fn take(&mut self, name: &str, value: &str, registry: &Registry) -> Result<(), Refused> {
        match name {
            "limit" => self.limit = number(value, 1, MAX_LIMIT)?,
            "offset" => self.offset = number(value, 0, MAX_OFFSET)?,
            "cursor" => self.cursor = Some(value.to_owned()),
            "include" => self.shape.includes = include::parse::<C>(value, registry)?,
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
                let sort = Sort::parse(value)?;
                let private = sort.private().map(|()| (name.to_owned(), C::name()));
                self.private.extend(private);
                self.sort = Some(sort);
            }
            "q" if !C::SEARCH.is_empty() => {
                self.search = Some(Search::parse(value)?);
            }
            "deleted" if C::SOFT_DELETES => {
                let states = [
                    ("exclude", Deleted::Exclude),
                    ("include", Deleted::Include),
                    ("only", Deleted::Only),
                ];
                self.shape.deleted = one_of(value, &states)?;
            }
            _ => {
                let filter = Filter::parse::<C>(name, value)?;
                let private = filter
                    .private_of
                    .map(|resource| (name.to_owned(), resource));
                self.private.extend(private);
                let others = self.filters.iter().filter(|filter| filter.is_contains());
                if filter.is_contains() && others.count() == MAX_CONTAINS {
                    let detail = format!("a request has at most {MAX_CONTAINS} contains");
                    return Err(("too_many", detail));
                }
                self.filters.push(filter);
            }
        }
        Ok(())
    }
}

/// A list whose parameters stand among others, with those of them that were refused.
pub(super) fn rows_among<'a, C: Readable>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    registry: &Registry,
) -> Result<(ListQuery<C>, Vec<Refusal>)> {
    match ListQuery::parse(pairs, registry) {
        Err(Error::Query(refused)) => Ok((ListQuery::default(), refused)),
        rows => Ok((rows?, Vec::new())),
    }
}

/// Fails where something was refused: what a list says of its parameters, said of these.
pub(super) fn unless_of(parameters: &str, mut refusals: Vec<Refusal>) -> Result<()> {
    for refusal in &mut refusals {
        refusal.detail = refusal.detail.replace(LIST_PARAMETERS, parameters);
    }
    unless(refusals)
}

/// Which parameters there are, and those that were refused: each is given once.
pub fn take_each<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    mut take: impl FnMut(&str, &str) -> Result<(), Refused>,
) -> (HashSet<&'a str>, Vec<Refusal>) {
    let mut seen = HashSet::new();
    let mut refusals = Vec::new();
    for (name, value) in pairs {
        let taken = match seen.insert(name) {
            true => take(name, value),
            false => Err(("duplicate", "is given more than once".to_owned())),
        };
        let refused = |(code, detail)| Refusal::new(name, code, detail);
        refusals.extend(taken.err().map(refused));
    }
    (seen, refusals)
}

/// Fails where something was refused.
pub fn unless(refusals: Vec<Refusal>) -> Result<()> {
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(Error::Query(refusals)),
    }
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

/// The value whose name this is.
pub fn one_of<T: Copy>(value: &str, known: &[(&str, T)]) -> Result<T, Refused> {
    let found = known.iter().find(|(name, _)| *name == value);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        (
            "not_allowed",
            format!("must be one of {}", names.join(", ")),
        )
    })
}
