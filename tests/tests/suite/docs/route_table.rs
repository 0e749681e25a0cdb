//! The table of all routes in `docs/api.md` is generated from the OpenAPI document and the rules of the routes.
use std::{env, fs};

use api::{docs::document, routes::routes};
use kernel::{
    Actor,
    actor::{Caller, Credential},
    permission::Permission,
};
use serde_json::Value;
use service::registry;
use web::{Route, Rule};

use super::root;

/// The variable that renews the snapshot of the OpenAPI document renews the table too.
const RENEW: &str = "ATOLL_RENEW_OPENAPI";

const BEGIN: &str = "<!-- The route table begins: a test generates it. -->\n";
const END: &str = "<!-- The route table ends. -->\n";

fn user(credential: Credential, permissions: &[Permission]) -> Actor {
    Actor::User(Caller {
        user_id: 1,
        credential,
        is_superuser: false,
        grants: permissions.iter().cloned().collect(),
        scopes: None,
        withheld: None,
    })
}

/// Describes what a caller needs before the row is known: nothing, a credential, one of several permissions, or all of several.
fn requirement(rule: &Rule) -> String {
    let allows =
        |permissions: &[Permission]| rule.could(&user(Credential::Session(1), permissions));
    if rule.could(&Actor::Anonymous) {
        return "public".to_owned();
    }
    if allows(&[]) {
        let everything = [Permission::new("*")];
        let takes_api_keys = rule.could(&user(Credential::ApiKey(1), &everything));
        let requirement = if takes_api_keys {
            "signed in"
        } else {
            "signed in, no API key"
        };
        return requirement.to_owned();
    }
    let texts = registry().permissions().iter();
    // A wildcard also grants the combinations that are listed below.
    let texts = texts.filter(|text| !text.ends_with('*'));
    let all: Vec<_> = texts.map(Permission::new).collect();
    let mut sufficient = all.clone();
    sufficient.retain(|it| allows(std::slice::from_ref(it)));
    if !sufficient.is_empty() {
        return join(&narrowest(&sufficient), " or ");
    }
    let narrowest = narrowest(&all);
    if !allows(&narrowest) {
        return "superuser".to_owned();
    }
    let mut needed = narrowest.clone();
    for permission in narrowest {
        let others = needed.iter().filter(|it| **it != permission);
        let others: Vec<_> = others.cloned().collect();
        if allows(&others) {
            needed = others;
        }
    }
    join(&needed, " and ")
}

/// Returns the permissions that cover no other of them.
fn narrowest(all: &[Permission]) -> Vec<Permission> {
    let covers_another = |wide: &Permission| {
        let mut others = all.iter();
        others.any(|other| other != wide && wide.covers(other))
    };
    let narrowest = all.iter().filter(|it| !covers_another(it));
    narrowest.cloned().collect()
}

fn join(permissions: &[Permission], word: &str) -> String {
    let quoted: Vec<_> = permissions.iter().map(|it| format!("`{it}`")).collect();
    quoted.join(word)
}

fn row(routes: &[Route], method: &str, path: &str, operation: &Value) -> String {
    let method = method.to_uppercase();
    let mut matching = routes.iter();
    let route = matching.find(|route| route.path == path && route.method.as_str() == method);
    // The routes at the root are not part of the API, and need no permission.
    let requirement = route.map_or_else(|| "public".to_owned(), |it| requirement(&it.policy.rule));
    let summary = operation["summary"].as_str().unwrap();
    format!("| {method} | `{path}` | {requirement} | {summary} |\n")
}

fn table() -> String {
    let document = document();
    let routes = routes();
    let mut table = "| method | path | needs | what it does |\n|---|---|---|---|\n".to_owned();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            table += &row(&routes, method, path, operation);
        }
    }
    table
}

#[test]
fn the_document_is_listed_route_by_route() {
    let path = root().join("docs/api.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let generated = table();
    if env::var_os(RENEW).is_some() {
        let text = [before, BEGIN, &generated, END, after].concat();
        fs::write(&path, text).unwrap();
        return;
    }

    let mut lines = written.lines().zip(generated.lines());
    let first = lines.find(|(old, new)| old != new);
    assert!(
        written == generated,
        "the route table of docs/api.md is out of date, first at {first:?}: run \
         `{RENEW}=1 cargo test -p tests the_document_`, and review the difference",
    );
}
