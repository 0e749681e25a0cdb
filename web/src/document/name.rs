//! The names of operations: tag, id and summary.
use serde_json::{Value, json};

use crate::{
    BASE,
    resource::{capitalized, spelled},
    route::Route,
};

/// Returns the first segment of the path after the base.
pub fn tag(route: &Route) -> &str {
    let beneath = route.path.strip_prefix(BASE);
    let first = beneath.and_then(|path| path.split('/').nth(1));
    first.unwrap_or("system")
}

/// Lists every tag once, in the order of the routes, with what the first route says about it.
pub fn tags(routes: &[Route]) -> Vec<Value> {
    let mut tags: Vec<(&str, Option<&str>)> = Vec::new();
    for route in routes {
        let (name, about) = (tag(route), route.about_tag.as_deref());
        match tags.iter_mut().find(|(known, _)| *known == name) {
            Some((_, text)) => *text = text.or(about),
            None => tags.push((name, about)),
        }
    }
    let tag = |(name, about)| match about {
        Some(about) => json!({ "name": name, "description": about }),
        None => json!({ "name": name }),
    };
    tags.into_iter().map(tag).collect()
}

/// Returns the `operationId`, such as `books.list`.
pub fn id(route: &Route) -> String {
    format!("{}.{}", tag(route), route.operation)
}

/// Returns a line for a table of contents: that of the route, or its operation in words.
pub fn summary(route: &Route) -> String {
    route.summary.clone().unwrap_or_else(|| {
        let words: Vec<_> = route.operation.split('_').map(spelled).collect();
        capitalized(&words.join(" "))
    })
}
