//! What operations are called: after the function that answers, so that there is one name.
use serde_json::{Value, json};

use crate::http::{BASE, Route};

/// The first part of the path beneath the base.
pub fn tag(route: &Route) -> &str {
    let beneath = route.path.strip_prefix(BASE);
    let first = beneath.and_then(|path| path.split('/').nth(1));
    first.unwrap_or("system")
}

/// Each once, in order.
pub fn tags(routes: &[Route]) -> Vec<Value> {
    let mut tags: Vec<&str> = routes.iter().map(tag).collect();
    tags.sort_unstable();
    tags.dedup();
    tags.into_iter().map(|tag| json!({ "name": tag })).collect()
}

/// `posts.list` of `api::http::resource::list<service::posts::Posts>`.
pub fn id(route: &Route) -> String {
    format!("{}.{}", tag(route), verb(route))
}

/// A line for a table of contents.
pub fn summary(route: &Route) -> String {
    let (tag, verb) = (tag(route), verb(route));
    let one = tag.trim_end_matches('s');
    match verb {
        "list" => format!("List {tag}"),
        "create" | "get" | "update" | "delete" | "restore" | "purge" => {
            format!("{} a {one}", capital(verb))
        }
        verb => capital(&verb.replace('_', " ")),
    }
}

fn verb(route: &Route) -> &'static str {
    let path = route.handler_name.split('<').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default()
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(text.len().min(1));
    first.to_uppercase() + rest
}
