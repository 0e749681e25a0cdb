//! The declaration of a resource as a value, without its types.
use kernel::{
    Actor, Crud, Readable, Registry,
    access::PermissionRules,
    permission::{Action, Reach},
    query::{DEFAULT_SORT, relations},
    resource::{Columns, members, searched_columns, title_field},
};
use schemars::JsonSchema;

use super::{
    field::{Sources, fields},
    view::{ChildView, IncludeView, Level, ResourceView},
};
use crate::{
    BASE,
    openapi::Schemas,
    resource::{New, Patch, Representation, Writable},
};

/// How a resource is described.
#[derive(Clone, Copy)]
pub struct Described {
    pub name: &'static str,
    pub build: fn(&mut Schemas, &Registry) -> ResourceView,
    rules: fn() -> PermissionRules,
    could: fn(&Actor, Action) -> bool,
}

impl Described {
    pub fn of<V: Writable>() -> Self {
        Self {
            name: V::Service::name(),
            build: build::<V>,
            rules: V::Service::permission_rules,
            could: V::Service::could,
        }
    }

    /// Returns the rows to which the actor may do this.
    pub fn level(&self, actor: &Actor, action: Action) -> Level {
        let rules = (self.rules)();
        let is_public = action == Action::Read && rules.is_public;
        if is_public || actor.reach(self.name, action) == Reach::All {
            Level::All
        } else if (self.could)(actor, action) {
            Level::Own
        } else {
            Level::None
        }
    }

    /// Returns the rows whose private fields the actor sees.
    pub fn private_level(&self, actor: &Actor) -> Level {
        let has_owner = (self.rules)().owner.is_some();
        if actor.reach(self.name, Action::Read) == Reach::All {
            Level::All
        } else if has_owner && actor.owner(self.name, Action::Read).is_some() {
            Level::Own
        } else {
            Level::None
        }
    }
}

/// Describes a resource as somebody sees it who may do everything.
fn build<V: Writable>(schemas: &mut Schemas, registry: &Registry) -> ResourceView {
    let name = V::Service::name();
    schemas.input::<New<V>>();
    schemas.input::<Patch<V>>();
    schemas.row::<V>();
    let input = |schemas: &Schemas, name: &str| schemas.of_request(name).cloned();
    let sources = Sources {
        members: members::<V::Service>(),
        computed: V::Service::COMPUTED,
        private: V::Service::private_members().collect(),
        owners: V::Service::owners(),
        slug: V::Service::GENERATED.map(|generated| generated.named().column),
        new: input(schemas, &New::<V>::schema_name()).unwrap_or_default(),
        patch: input(schemas, &Patch::<V>::schema_name()).unwrap_or_default(),
        row: schemas
            .of_answer(&Representation::<V>::schema_name())
            .cloned()
            .unwrap_or_default(),
        soft_deletes: V::Service::SOFT_DELETES,
        schemas,
    };
    let include = |include: kernel::query::Include| IncludeView {
        name: include.name,
        resource: include.table,
        many: include.is_many,
    };
    let children = registry.tables().iter().flat_map(|table| {
        let owners = table.owners.iter().filter(|owner| owner.table == name);
        owners.map(|owner| ChildView {
            resource: table.name,
            field: owner.column,
        })
    });
    ResourceView {
        name,
        path: format!("{BASE}/{name}"),
        title: title_field::<V::Service>(),
        owner: V::Service::permission_rules().owner,
        soft_delete: V::Service::SOFT_DELETES,
        versioned: true,
        default_sort: DEFAULT_SORT,
        fields: fields(&sources),
        search: searched_columns::<V::Service>(),
        includes: relations(name, registry).into_iter().map(include).collect(),
        children: children.collect(),
        actions: std::collections::BTreeMap::new(),
    }
}
