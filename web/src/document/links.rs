//! OpenAPI links from a new or deleted row to the next operations, the same for every resource.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::BASE;

/// The bodies of operations that need one.
const BODIES: [(&str, &str); 2] = [("restore", "{}"), ("revert", r#"{ "version": 1 }"#)];

/// The operations that change a row. Their links allow every version.
const CHANGES: [&str; 5] = ["update", "delete", "restore", "purge", "revert"];

/// The operations for deleted rows only.
const DELETED_ONLY: [&str; 2] = ["restore", "purge"];

/// The operations for live and deleted rows.
const LIVE_AND_DELETED: [&str; 2] = ["history", "impact"];

/// Links each answer that creates or deletes a row to every operation on this row alone.
pub fn add(paths: &mut Map<String, Value>) {
    let known = operations(paths);
    let all = paths.values_mut().filter_map(Value::as_object_mut);
    let answers = all.flat_map(|path| path.values_mut());
    let answers = answers.filter_map(|operation| operation["responses"].as_object_mut());
    for answer in answers.flat_map(|answers| answers.values_mut()) {
        let Some(links) = answer.get_mut("links").and_then(Value::as_object_mut) else {
            continue;
        };
        let Some((first, is_deleted)) = ["get", "restore"]
            .iter()
            .find_map(|verb| Some((links.get(*verb)?.clone(), *verb == "restore")))
        else {
            continue;
        };
        let tag = first["operationId"]
            .as_str()
            .and_then(|id| id.split_once('.'));
        let Some(verbs) = tag.and_then(|(tag, _)| known.get(tag)) else {
            continue;
        };
        for (verb, id) in verbs {
            let needs_deleted = DELETED_ONLY.contains(&verb.as_str());
            let is_possible = if is_deleted {
                needs_deleted || LIVE_AND_DELETED.contains(&verb.as_str())
            } else {
                !needs_deleted
            };
            if is_possible {
                links.insert(verb.clone(), link(verb, id, &first["parameters"]));
            }
        }
    }
}

fn link(verb: &str, operation: &str, parameters: &Value) -> Value {
    let mut link = json!({ "operationId": operation, "parameters": parameters });
    if CHANGES.contains(&verb) {
        link["parameters"]["header.If-Match"] = "*".into();
    }
    let body = BODIES.iter().find(|(known, _)| *known == verb);
    if let Some((_, body)) = body {
        link["requestBody"] = serde_json::from_str(body).unwrap_or_default();
    }
    link
}

/// Lists, per resource, the verbs and ids of the operations whose path has one row's id and no other parameter.
fn operations(paths: &Map<String, Value>) -> BTreeMap<String, Vec<(String, String)>> {
    let mut all: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (path, operations) in paths {
        let beneath = path.strip_prefix(BASE).unwrap_or_default();
        let mut parts = beneath.split('/').skip(1);
        let (tag, id) = (parts.next().unwrap_or_default(), parts.next());
        if id != Some("{id}") || path.matches('{').count() != 1 {
            continue;
        }
        let operations = operations.as_object().into_iter().flat_map(Map::values);
        let names = operations.filter_map(|operation| operation["operationId"].as_str());
        let verbs = names.filter_map(|name| {
            let verb = name.strip_prefix(tag)?.strip_prefix('.')?;
            Some((verb.to_owned(), name.to_owned()))
        });
        all.entry(tag.to_owned()).or_default().extend(verbs);
    }
    all
}
