//! Permissions as text, and the permissions that each covers: `<resource>.<action>`, with `.own`, `<resource>.*`, or `*`.
use std::{borrow::Cow, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The actions on a resource, with the names that permissions use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Read,
    Create,
    Update,
    Delete,
    Restore,
    Purge,
    Audit,
}

impl Action {
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Restore,
        Self::Purge,
        Self::Audit,
    ];

    /// The actions of a bulk request.
    pub const WRITES: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Purge => "purge",
            Self::Audit => "audit",
        }
    }
}

/// The rows to which a permission for an action applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    None,
    /// Rows whose owner the actor is.
    Own,
    All,
}

/// One permission, stored and shown as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(String);

impl Permission {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns true if this permission includes `other`: `*` covers all, `x.*` every action of `x`, and an action its `.own`.
    pub fn covers(&self, other: &Self) -> bool {
        let is_within = |wide: &str| {
            other
                .0
                .strip_prefix(wide)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        self.0 == "*"
            || self == other
            || self.0.strip_suffix(".*").is_some_and(is_within)
            || other.0.strip_suffix(".own") == Some(self.0.as_str())
    }

    /// Returns the rows of a resource to which this permission allows an action. It is asked for each row of an answer, so it
    /// makes no text.
    fn reach(&self, resource: &str, action: Action) -> Reach {
        if self.0 == "*" {
            return Reach::All;
        }
        let of_resource = self.0.strip_prefix(resource);
        let Some(held) = of_resource.and_then(|rest| rest.strip_prefix('.')) else {
            return Reach::None;
        };
        match held.strip_prefix(action.as_str()) {
            Some("") => Reach::All,
            Some(".own" | ".*") => Reach::Own,
            _ if held == "*" => Reach::All,
            _ => Reach::None,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The JSON schema of the name of a permission. The OpenAPI document lists the names that the registry knows.
pub struct PermissionName;

impl JsonSchema for PermissionName {
    fn schema_name() -> Cow<'static, str> {
        "Permission".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// All permissions of an actor. It is cheap to clone, because every request has those of its caller.
#[derive(Debug, Clone, Default, Hash)]
pub struct Grants(Arc<[Permission]>);

impl Grants {
    pub fn covers(&self, permission: &Permission) -> bool {
        self.0.iter().any(|held| held.covers(permission))
    }

    pub fn reach(&self, resource: &str, action: Action) -> Reach {
        let held = self.0.iter().map(|held| held.reach(resource, action));
        held.max().unwrap_or(Reach::None)
    }

    /// Returns the permissions that both cover. Of two permissions, one covers the other or they have nothing in common.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let narrow = |one: &Self, other: &Self| {
            let both = one.iter().filter(|held| other.covers(held));
            both.cloned().collect::<Vec<_>>()
        };
        let mut both = narrow(self, other);
        both.extend(narrow(other, self));
        both.into_iter().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        self.0.iter()
    }
}

impl FromIterator<Permission> for Grants {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut all: Vec<_> = permissions.into_iter().collect();
        all.sort();
        all.dedup();
        Self(all.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns permissions of two resources, and some that concern both or neither.
    fn all() -> Vec<Permission> {
        let list = |table: &str| {
            let full = Action::ALL.map(|action| format!("{table}.{}", action.as_str()));
            let own = full.clone().map(|full| full + ".own");
            let all = [format!("{table}.*")].into_iter().chain(full).chain(own);
            all.collect::<Vec<_>>()
        };
        let texts = ["*".to_owned(), "audit.read".to_owned()].into_iter();
        let texts = texts.chain(list("books")).chain(list("shelves"));
        texts.map(Permission::new).collect()
    }

    fn only(one: &Permission) -> Grants {
        [one.clone()].into_iter().collect()
    }

    #[test]
    fn a_permission_reaches_the_rows_whose_permissions_it_covers() {
        let odd = [
            "books",
            "books.",
            "book.read",
            "books.reading",
            "books.read.*",
        ];
        for held in all().into_iter().chain(odd.map(Permission::new)) {
            for (resource, action) in ["books", "shelves", "book"]
                .into_iter()
                .flat_map(|resource| Action::ALL.map(|action| (resource, action)))
            {
                let full = format!("{resource}.{}", action.as_str());
                let expected = if held.covers(&Permission::new(full.as_str())) {
                    Reach::All
                } else if held.covers(&Permission::new(full + ".own")) {
                    Reach::Own
                } else {
                    Reach::None
                };

                let reach = only(&held).reach(resource, action);

                assert_eq!(reach, expected, "{held}: {action:?} {resource}");
            }
        }
    }

    #[test]
    fn the_intersection_covers_what_both_cover() {
        let all = all();
        for one in &all {
            for other in &all {
                let (a, b) = (only(one), only(other));

                let both = a.intersection(&b);

                for asked in &all {
                    let expected = one.covers(asked) && other.covers(asked);
                    assert_eq!(both.covers(asked), expected, "{one} and {other}: {asked}");
                }
            }
        }
    }

    #[test]
    fn a_permission_covers_itself_and_narrower_ones() {
        let covers = |a: &str, b: &str| Permission::new(a).covers(&Permission::new(b));
        assert!(covers("*", "books.read"));
        assert!(covers("books.*", "books.read.own"));
        assert!(covers("books.*", "books.*"));
        assert!(covers("books.read", "books.read.own"));
        assert!(covers("shelves.*", "shelves.assign"));
        assert!(!covers("books.read.own", "books.read"));
        assert!(!covers("books.read", "books.*"));
        assert!(!covers("book.*", "books.read"));
        assert!(!covers("books.*", "*"));
        assert!(!covers("books.rea", "books.read"));
    }
}
