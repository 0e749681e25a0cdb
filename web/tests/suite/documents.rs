//! The OpenAPI document.
use std::collections::BTreeSet;

use kernel::{Registry, registry::Table};
use serde_json::Value;
use web::{About, document};

use crate::{
    books::{Books, routes},
    columns::toys::Toys,
};

pub fn generate() -> Value {
    let about = About {
        title: "Books",
        version: "1.0.0",
        license: "MIT",
        session_cookie: None,
    };
    let registry = Registry::new(vec![Table::new::<Books>(), Table::new::<Toys>()], &[]);
    document(&about, &registry, &routes())
}

#[test]
fn the_operations_are_the_routes() {
    let document = generate();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();

    let mounted = routes().into_iter();
    let mounted = mounted.map(|route| format!("{} {}", route.method, route.path));
    assert_eq!(described, mounted.collect());
    assert_eq!(
        document["paths"]["/api/v1/books"]["get"]["operationId"],
        "books.list"
    );
}

/// Only the rule, the method and the types of the handler determine this.
#[test]
fn failures_follow_from_the_rule_of_a_route() {
    let document = generate();
    let statuses = |path: &str, method: &str| -> Vec<String> {
        let answers = &document["paths"][path][method]["responses"];
        answers.as_object().unwrap().keys().cloned().collect()
    };

    let shelf = ["200", "400", "401", "404", "429", "500", "503"];
    assert_eq!(statuses("/api/v1/books/{id}/shelf", "get"), shelf);
    let lend = [
        "200", "400", "401", "403", "404", "409", "412", "422", "428", "429", "500", "503",
    ];
    assert_eq!(statuses("/api/v1/books/{id}/lend", "post"), lend);
}
