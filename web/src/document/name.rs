//! The names of operations: tag, id and summary.
use std::borrow::Cow;

use serde_json::{Value, json};

use crate::{BASE, route::Route};

/// Returns the first segment of the path after the base.
pub fn tag(route: &Route) -> &str {
    let beneath = route.path.strip_prefix(BASE);
    let first = beneath.and_then(|path| path.split('/').nth(1));
    first.unwrap_or("system")
}

/// Lists every tag once, in order.
pub fn tags(routes: &[Route]) -> Vec<Value> {
    let mut tags: Vec<&str> = routes.iter().map(tag).collect();
    tags.sort_unstable();
    tags.dedup();
    tags.into_iter().map(|tag| json!({ "name": tag })).collect()
}

/// Returns the `operationId`, such as `books.list`.
pub fn id(route: &Route) -> String {
    format!("{}.{}", tag(route), route.operation)
}

/// Returns a line for a table of contents.
pub fn summary(route: &Route) -> String {
    let (tag, verb) = (tag(route), route.operation);
    let one = tag.trim_end_matches('s');
    match verb {
        "list" => format!("List {tag}"),
        "create" | "get" | "update" | "delete" | "restore" | "purge" => {
            format!("{} a {one}", capitalize(verb))
        }
        verb => capitalize(&verb.split('_').map(word).collect::<Vec<_>>().join(" ")),
    }
}

/// Returns a word as a text writes it.
fn word(word: &str) -> Cow<'_, str> {
    const ACRONYMS: [&str; 3] = ["api", "csrf", "totp"];
    if ACRONYMS.contains(&word) {
        word.to_uppercase().into()
    } else {
        word.into()
    }
}

fn capitalize(text: &str) -> String {
    let (first, rest) = text.split_at(text.len().min(1));
    first.to_uppercase() + rest
}
