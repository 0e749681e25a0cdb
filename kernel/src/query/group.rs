//! Groups of conditions: `or=(status.eq.draft,and(author_id.eq.3,title.contains."a, b"))`.
use std::collections::BTreeSet;

use sea_orm::Condition;
use serde::Serialize;

use super::{
    Filter,
    filter::{FilterName, Meaning},
    parameter::too_many_values,
};
use crate::{Actor, Code, Refused, quote, resource::Readable, resource::value};

/// The most groups inside each other; contract §4.
pub const MAX_DEPTH: usize = 3;

/// The most conditions of one `or`, in all its groups together.
pub const MAX_CONDITIONS: usize = 20;

/// Conditions of which a row must meet all, or at least one.
#[derive(Default)]
pub struct Group {
    is_any: bool,
    pub filters: Vec<Filter>,
    pub groups: Vec<Self>,
}

/// The meaning of a group, independent of how the client wrote it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum GroupMeaning<'a> {
    All(BTreeSet<Self>),
    Any(BTreeSet<Self>),
    #[serde(untagged)]
    One(&'a Meaning),
}

impl Group {
    /// Parses the alternatives in parentheses.
    pub fn parse_any<C: Readable>(text: &str) -> Result<Self, Refused> {
        let mut reader = Reader {
            rest: text,
            conditions: 0,
        };
        let group = reader.group::<C>(true, 1)?;
        if reader.rest.is_empty() {
            Ok(group)
        } else {
            Err(reader.expected("the end"))
        }
    }

    /// Returns the conditions of this group and of all groups in it.
    pub fn all_filters(&self) -> impl Iterator<Item = &Filter> {
        let mut filters: Vec<_> = self.filters.iter().collect();
        for group in &self.groups {
            filters.extend(group.all_filters());
        }
        filters.into_iter()
    }

    /// Returns the condition for this actor, who can filter only by related rows that they see.
    pub fn condition(&self, actor: &Actor) -> Condition {
        let empty = if self.is_any {
            Condition::any()
        } else {
            Condition::all()
        };
        let filters = self.filters.iter().map(|filter| filter.condition(actor));
        let condition = filters.fold(empty, Condition::add);
        let groups = self.groups.iter().map(|group| group.condition(actor));
        groups.fold(condition, Condition::add)
    }

    /// Returns the meanings of the members. A group in a group of the same kind adds nothing but its members.
    pub fn members(&self) -> BTreeSet<GroupMeaning<'_>> {
        let filters = self.filters.iter();
        let mut members: BTreeSet<_> = filters
            .map(|filter| GroupMeaning::One(filter.meaning()))
            .collect();
        for group in &self.groups {
            match (self.is_any, group.meaning()) {
                (true, GroupMeaning::Any(inner)) | (false, GroupMeaning::All(inner)) => {
                    members.extend(inner);
                }
                (_, meaning) => drop(members.insert(meaning)),
            }
        }
        members
    }

    fn meaning(&self) -> GroupMeaning<'_> {
        let mut members = self.members();
        match members.pop_first() {
            Some(only) if members.is_empty() => return only,
            first => members.extend(first),
        }
        if self.is_any {
            GroupMeaning::Any(members)
        } else {
            GroupMeaning::All(members)
        }
    }
}

/// Reads the text of a group.
struct Reader<'a> {
    rest: &'a str,
    /// The number of conditions that were read.
    conditions: usize,
}

impl<'a> Reader<'a> {
    fn group<C: Readable>(&mut self, is_any: bool, depth: usize) -> Result<Group, Refused> {
        if depth > MAX_DEPTH {
            let detail = format!("groups can be at most {MAX_DEPTH} deep");
            return Err((Code::TooMany, detail));
        }
        let mut group = Group {
            is_any,
            ..Group::default()
        };
        self.open()?;
        loop {
            if self.take("and") {
                group.groups.push(self.group::<C>(false, depth + 1)?);
            } else if self.take("or") {
                group.groups.push(self.group::<C>(true, depth + 1)?);
            } else {
                group.filters.push(self.condition::<C>()?);
            }
            if !self.take(",") {
                self.close()?;
                return Ok(group);
            }
        }
    }

    fn condition<C: Readable>(&mut self) -> Result<Filter, Refused> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(too_many_values(MAX_CONDITIONS, "conditions"));
        }
        let end = self.rest.find(['"', '(', ')', ',']);
        let head = &self.rest[..end.unwrap_or(self.rest.len())];
        let (name, place) = FilterName::of_condition(head).ok_or_else(|| {
            let detail = "is not a condition, which is field.operator.value, such as id.eq.1";
            (Code::Malformed, format!("{:?} {detail}", quote(head)))
        })?;
        self.rest = &self.rest[place..];
        let value = match name.operator {
            "in" | "nin" => self.list()?.to_owned(),
            _ => self.value()?,
        };
        let named = quote(head[..place].trim_end_matches('.'));
        let filter = Filter::parse::<C>(name, &value);
        let located = |(code, detail)| (code, format!("{named}: {detail}"));
        let mut filter = filter.map_err(located)?;
        if let Some((_, refused)) = &mut filter.private {
            *refused = located(refused.clone());
        }
        Ok(filter)
    }

    /// Reads the values of `in.(a,b)`, and returns them as [`value::split_list`] takes them.
    fn list(&mut self) -> Result<&'a str, Refused> {
        self.open()?;
        let values = self.rest;
        loop {
            self.value()?;
            if !self.take(",") {
                let values = &values[..values.len() - self.rest.len()];
                self.close()?;
                return Ok(values);
            }
        }
    }

    /// Reads a value up to the comma or parenthesis after it.
    fn value(&mut self) -> Result<String, Refused> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (value, rest) = value::read_quoted(quoted)?;
            self.rest = rest;
            return Ok(value);
        }
        let end = self.rest.find(['(', ')', ',']);
        let (value, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        if rest.starts_with('(') {
            let detail = "a value that contains a parenthesis or a comma must be in double quotes";
            return Err((Code::Malformed, detail.to_owned()));
        }
        Ok(value.to_owned())
    }

    fn open(&mut self) -> Result<(), Refused> {
        let is_open = self.take("(");
        is_open.then_some(()).ok_or_else(|| self.expected("`(`"))
    }

    fn close(&mut self) -> Result<(), Refused> {
        let is_closed = self.take(")");
        let refused = || self.expected("`,` or `)`");
        is_closed.then_some(()).ok_or_else(refused)
    }

    /// Consumes a punctuation mark, or the name of a group that a parenthesis follows. Returns false if it does not come next.
    fn take(&mut self, token: &str) -> bool {
        let is_name = token.len() > 1;
        let rest = self.rest.strip_prefix(token);
        let rest = rest.filter(|rest| !is_name || rest.starts_with('('));
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expected(&self, what: &str) -> Refused {
        let detail = match self.rest {
            "" => format!("expected {what} at the end"),
            rest => format!("expected {what} before {:?}", quote(rest)),
        };
        (Code::Malformed, detail)
    }
}
