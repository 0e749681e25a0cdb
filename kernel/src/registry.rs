//! The resources of an application, in the form that generic code needs.
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use schemars::JsonSchema;
use sea_orm::{IdenStatic, Iterable};
use serde_json::Value;

use crate::{
    Code, Crud, Database, Error, Kernel, Refusal, Result,
    access::PermissionRules,
    permission::{Action, Permission},
    quote, record,
    resource::{
        Column, Field, Filterable, Generated, Owner, Readable, declared_fields, searched_columns,
        unsupported_fields,
    },
    session::CachedCallers,
};

/// The declaration of a resource without its types.
pub struct Table {
    pub name: &'static str,
    pub owners: Vec<Owner>,
    /// The plain tables whose rows are purged with a row: table, column, and the column of the row that it refers to.
    pub links: Vec<(&'static str, &'static str, &'static str)>,
    pub rules: PermissionRules,
    /// The names of the schemas of a new row and of a patch.
    pub inputs: [Cow<'static, str>; 2],
    /// The actions that an owner of rows may do without a permission.
    pub owner_may: &'static [Action],
    /// All columns, whether clients see them or not.
    pub columns: Vec<&'static str>,
    /// The columns that are shown and recorded.
    pub fields: Vec<&'static str>,
    /// Describes the fields that clients may filter by.
    pub filterable: fn() -> Vec<Filterable>,
    /// The members that only the owner of a row and holders of the full read permission see.
    pub private: Vec<&'static str>,
    /// The members that an include leaves out unless the client asks for them.
    pub heavy: Vec<&'static str>,
    /// The members by which rows cannot be sorted or grouped.
    pub long: Vec<&'static str>,
    /// The members that have an index over live rows in their order.
    pub indexed: Vec<&'static str>,
    /// The columns that are searched, the most important first.
    pub search: Vec<&'static str>,
    /// Makes a body of a new row with every field, for tests and `atoll seed`. The text makes the row unique; references name
    /// the row 1.
    pub sample: Option<fn(&str) -> Value>,
    cached_callers: Option<CachedCallers>,
    /// The errors of the declaration; [`Registry::check`] reports them at the start.
    problems: Vec<String>,
    pub(crate) generated: Option<Generated<&'static str>>,
}

impl Table {
    pub fn new<C: Crud>() -> Self {
        Self {
            name: C::name(),
            owners: C::owners(),
            links: Vec::new(),
            rules: C::permission_rules(),
            inputs: [C::New::schema_name(), C::Patch::schema_name()],
            owner_may: C::OWNER_MAY,
            columns: Column::<C>::iter().map(|column| column.as_str()).collect(),
            fields: fields::<C>(|_| true),
            filterable: declared_fields::<C>,
            private: C::private_members().collect(),
            heavy: C::heavy_fields().collect(),
            long: fields::<C>(|field| field.is_long),
            indexed: fields::<C>(|field| field.is_indexed),
            search: searched_columns::<C>(),
            sample: None,
            cached_callers: None,
            problems: problems::<C>(),
            generated: C::GENERATED.map(Generated::named),
        }
    }

    /// Purges the rows of a plain table whose `column` holds the id of a purged row.
    #[must_use]
    pub fn link(self, table: &'static str, column: &'static str) -> Self {
        self.named(table, column, "id")
    }

    /// Purges the rows of a plain table whose `column` holds the same value as the column `name` of a purged row.
    #[must_use]
    pub fn named(mut self, table: &'static str, column: &'static str, name: &'static str) -> Self {
        self.links.push((table, column, name));
        self
    }

    /// Declares how to make a body of a new row.
    #[must_use]
    pub fn sample(self, sample: fn(&str) -> Value) -> Self {
        Self {
            sample: Some(sample),
            ..self
        }
    }

    /// Declares which cached callers a change of a row makes invalid.
    #[must_use]
    pub fn cached_callers(self, cached_callers: CachedCallers) -> Self {
        Self {
            cached_callers: Some(cached_callers),
            ..self
        }
    }
}

/// Returns the faults in the declaration of a resource.
fn problems<C: Crud>() -> Vec<String> {
    let generated = C::GENERATED.map(|generated| generated.column.as_str());
    let generated = generated.filter(|column| searched_columns::<C>().contains(column));
    let searched = generated.map(|column| {
        let name = C::name();
        format!("{name} searches {column}, which a restore may change without indexing it: take it out of SEARCH")
    });
    unsupported_fields::<C>()
        .into_iter()
        .chain(searched)
        .collect()
}

/// Returns the declared columns that `predicate` accepts.
fn fields<C: Readable>(predicate: fn(&Field<Column<C>>) -> bool) -> Vec<&'static str> {
    let fields = C::FIELDS.iter().filter(|field| predicate(field));
    fields.map(|field| field.column.as_str()).collect()
}

/// The resources of an application and the permissions that follow from them.
pub struct Registry {
    tables: Vec<Table>,
    permissions: Vec<String>,
    known_permissions: HashSet<String>,
}

impl Registry {
    /// `tables` lists owners before what they own; `special` are permissions that belong to no single resource.
    pub fn new(tables: Vec<Table>, special: &[&str]) -> Self {
        let special = special.iter().map(|&text| text.to_owned());
        let permissions: Vec<String> = ["*".to_owned()]
            .into_iter()
            .chain(special)
            .chain(tables.iter().flat_map(|table| table.rules.permissions()))
            .collect();
        Self {
            known_permissions: permissions.iter().cloned().collect(),
            permissions,
            tables,
        }
    }

    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Fails if a resource declares something that is not supported: the server would start and then answer 500.
    pub fn check(&self) -> Result<()> {
        let problems = self.tables.iter().flat_map(|table| &table.problems);
        let problems: Vec<_> = problems.map(String::as_str).collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::bug(problems.join("; ")))
        }
    }

    pub fn table(&self, name: &str) -> Result<&Table> {
        self.tables
            .iter()
            .find(|table| table.name == name)
            .ok_or_else(|| Error::bug(format!("{name} is not registered")))
    }

    /// Returns the tables whose rows belong to rows of `root`, directly or indirectly, owners first.
    pub fn owned_by(&self, root: &str) -> Vec<&Table> {
        let mut owned: Vec<&Table> = Vec::new();
        for table in &self.tables {
            let belongs = |owner: &Owner| {
                owner.table == root || owned.iter().any(|above| above.name == owner.table)
            };
            if table.owners.iter().any(belongs) {
                owned.push(table);
            }
        }
        owned
    }

    /// Returns every permission that exists, as text.
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    /// Returns true if `text` is a permission that exists.
    pub fn is_permission(&self, text: &str) -> bool {
        self.known_permissions.contains(text)
    }

    /// Fails with a refusal for each text that is not a permission. `at` is the JSON Pointer of the list.
    pub fn check_permissions<'a>(
        &self,
        at: &str,
        texts: impl Iterator<Item = &'a str>,
    ) -> Result<()> {
        let unknown = texts
            .enumerate()
            .filter(|(_, text)| !self.is_permission(text));
        let refusal = |(index, text)| {
            let pointer = format!("{at}/{index}");
            Refusal::new(pointer, Code::Unknown, self.unknown_permission(text))
        };
        Error::refuse(unknown.map(refusal).collect())
    }

    /// Describes a text that is not the name of a permission, with examples of names.
    pub fn unknown_permission(&self, text: &str) -> String {
        let text = quote(text);
        let resource = self.tables.first().map_or("*", |table| table.name);
        format!(
            "unknown permission `{text}`; expected one like `{resource}.read`, `{resource}.update.own` or `{resource}.*`"
        )
    }

    /// Returns the actions that owners may do without a permission, as the permissions that grant them to an API key.
    pub fn owner_rights(&self) -> Vec<Permission> {
        let rights = |table: &Table| {
            let name = table.name;
            let right = move |action: &Action| format!("{name}.{}.own", action.as_str());
            table.owner_may.iter().map(right).map(Permission::new)
        };
        let owned = self
            .tables
            .iter()
            .filter(|table| table.rules.owner.is_some());
        owned.flat_map(rights).collect()
    }
}

impl Kernel {
    /// Starts the kernel on a database. `kept_limit` bounds the bytes of answers that are stored under the idempotency keys of
    /// one user; 0 is no limit.
    pub fn start(
        database: Database,
        registry: Arc<Registry>,
        stored: (record::Settings, u64),
    ) -> Self {
        let tables = registry.tables.iter();
        let cached_callers: HashMap<_, _> = tables
            .filter_map(|table| Some((table.name, table.cached_callers?)))
            .collect();
        Self::new(database, stored, cached_callers).with(registry)
    }

    /// Starts a kernel with default settings for an application that has these tables and no state of its own. `tables` lists owners
    /// before what they own.
    pub fn for_tables(database: Database, tables: Vec<Table>) -> Self {
        let registry = Registry::new(tables, &[]);
        Self::start(database, registry.into(), (record::Settings::default(), 0))
    }

    pub fn registry(&self) -> &Registry {
        self.state::<Arc<Registry>>()
    }
}
