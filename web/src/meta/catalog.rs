//! All resources of an application, and what a caller sees of them.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use actix_web::http::Method;
use kernel::{Actor, Registry, permission::Action};

use super::{
    Described,
    view::{Level, OnCreate, ResourceView},
};
use crate::{BASE, access::AccessPolicies, application::Application, openapi::Schemas};

/// A mounted operation: its name, method and path.
pub type Operations = Vec<(&'static str, Method, String)>;

/// The operations that every resource may have, by the path after that of the resource.
const OPERATIONS: [(&str, &str); 14] = [
    ("list", ""),
    ("get", "/{id}"),
    ("create", ""),
    ("update", "/{id}"),
    ("delete", "/{id}"),
    ("restore", "/{id}/restore"),
    ("purge", "/{id}/purge"),
    ("history", "/{id}/history"),
    ("revert", "/{id}/revert"),
    ("import", "/import"),
    ("export", "/export"),
    ("stats", "/stats"),
    ("bulk", "/bulk"),
    ("impact", "/{id}/impact"),
];

/// The resources that are mounted. They are described at the first request for them.
pub struct Catalog {
    resources: Vec<(Described, Operations)>,
    built: OnceLock<Vec<ResourceView>>,
}

impl Catalog {
    /// `operations` are all that are mounted.
    pub fn new(resources: Vec<Described>, operations: &Operations) -> Self {
        let known = |described: &Described| -> Operations {
            let path = format!("{BASE}/{}", described.name);
            let is_known = |(name, _, at): &&(&str, Method, String)| {
                let rest = at.strip_prefix(&path);
                rest.is_some_and(|rest| OPERATIONS.contains(&(name, rest)))
            };
            operations.iter().filter(is_known).cloned().collect()
        };
        let resources = resources.into_iter();
        Self {
            resources: resources.map(|it| (it, known(&it))).collect(),
            built: OnceLock::new(),
        }
    }

    /// Returns the resources to which the actor may do something, owners before what they own. No row is read.
    pub fn visible(
        &self,
        actor: &Actor,
        (application, policies): (&dyn Application, &AccessPolicies),
        registry: &Registry,
    ) -> Vec<ResourceView> {
        let built = self.built.get_or_init(|| self.build(registry));
        let could = |(_, method, path): &(&str, Method, String)| {
            let policy = policies.get(method, path);
            policy.is_some_and(|policy| policy.check_could(application, actor).is_ok())
        };
        let mut resources: Vec<_> = self
            .resources
            .iter()
            .zip(built)
            .map(|((described, operations), resource)| {
                let level = |operation: &(&'static str, Method, String)| {
                    let level = if could(operation) {
                        level(described, actor, operation.0)
                    } else {
                        Level::None
                    };
                    (operation.0, level)
                };
                let mut actions: BTreeMap<_, _> = operations.iter().map(level).collect();
                if let Some(list) = actions
                    .get("list")
                    .copied()
                    .filter(|_| resource.soft_delete)
                {
                    let deleted = described.level(actor, Action::Restore);
                    actions.insert("deleted", list.min(deleted));
                }
                let private = if actions.get("get").is_none_or(|get| *get == Level::None) {
                    Level::None
                } else {
                    described.private_level(actor)
                };
                shown(resource, actions, private)
            })
            .filter(|resource| resource.actions.values().any(|level| *level > Level::None))
            .collect();
        keep_readable(&mut resources);
        let place = |resource: &ResourceView| {
            let mut tables = registry.tables().iter();
            tables.position(|table| table.name == resource.name)
        };
        resources.sort_by_key(place);
        resources
    }

    fn build(&self, registry: &Registry) -> Vec<ResourceView> {
        let mut schemas = Schemas::new(registry);
        let resources = self.resources.iter();
        resources
            .map(|(described, _)| (described.build)(&mut schemas, registry))
            .collect()
    }
}

/// Returns the rows to which the actor may do what an operation does.
fn level(described: &Described, actor: &Actor, operation: &str) -> Level {
    let level = |action| described.level(actor, action);
    match operation {
        "create" | "import" => level(Action::Create),
        "update" => level(Action::Update),
        "delete" => level(Action::Delete),
        "restore" => level(Action::Restore),
        "purge" => level(Action::Purge),
        "history" => level(Action::Audit),
        "revert" => level(Action::Update).min(level(Action::Audit)),
        "impact" => level(Action::Delete).max(level(Action::Purge)),
        "bulk" => Action::WRITES
            .map(level)
            .into_iter()
            .max()
            .unwrap_or(Level::None),
        _ => level(Action::Read),
    }
}

/// Returns what a caller sees of a resource. `private` are the rows whose private fields they see.
fn shown(
    resource: &ResourceView,
    actions: BTreeMap<&'static str, Level>,
    private: Level,
) -> ResourceView {
    let may = |action: &str| {
        actions
            .get(action)
            .is_some_and(|level| *level > Level::None)
    };
    let (may_read, may_create, may_update) = (may("get"), may("create"), may("update"));
    let mut resource = resource.clone();
    for field in &mut resource.fields {
        let is_hidden = field.is_private && private == Level::None;
        field.readable &= may_read && !is_hidden;
        if field.is_private && private < Level::All {
            field.operators.clear();
            field.sort = false;
        }
    }
    resource.fields.retain(|field| {
        let is_written =
            (may_create && field.create != OnCreate::No) || (may_update && field.update);
        field.readable || is_written
    });
    let is_there = |name: &str| resource.fields.iter().any(|field| field.name == name);
    resource.title = resource.title.filter(|title| is_there(title));
    resource.actions = actions;
    resource
}

/// Removes relations to resources that the caller may not read.
fn keep_readable(resources: &mut [ResourceView]) {
    let is_read = |resource: &&ResourceView| {
        let list = resource.actions.get("list");
        list.is_some_and(|list| *list > Level::None)
    };
    let read: BTreeSet<_> = resources.iter().filter(is_read).map(|it| it.name).collect();
    for resource in resources {
        resource.includes.retain(|it| read.contains(it.resource));
        resource.children.retain(|it| read.contains(it.resource));
        for field in &mut resource.fields {
            field.references = field.references.filter(|it| read.contains(it.resource));
        }
    }
}
