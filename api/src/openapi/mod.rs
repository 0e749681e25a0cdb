//! The OpenAPI document, generated from the mounted routes and the argument and answer types of their handlers.
mod bulk;
mod checks;
mod examples;
mod filters;
mod headers;
mod limits;
mod links;
mod name;
mod operation;
mod parameters;
mod problems;
mod rows;
mod schemas;
mod stats;

pub use bulk::bulk;
pub use headers::header;
pub use operation::Operation;
pub use schemas::Schemas;
pub use stats::stats_schema;

use serde_json::{Map, Value, json};

use crate::http::Route;

/// A type that documents itself in the operations that take or return it.
pub trait Documented {
    fn document(operation: &mut Operation<'_>);
}

/// Generates the OpenAPI 3.1.0 document of these routes.
pub fn document(routes: &[Route]) -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    for route in routes {
        let Some(operation) = operation::describe(route, &mut schemas) else {
            continue;
        };
        let method = route.method.as_str().to_lowercase();
        let path = paths.entry(&route.path).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    links::add(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Atoll",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "tags": name::tags(routes),
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "responses": problems::responses(),
            "headers": headers::response_headers(),
            "parameters": headers::request_headers(),
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

const ABOUT: &str = "\
Failures are `application/problem+json` (RFC 9457) with a stable `code`. HEAD is supported wherever GET is. Another method \
of a known path returns 405 with `Allow`; an unknown path, including one with a trailing slash, returns 404. Invalid \
credentials return 401 even on public routes. Query parameters and body fields that are not described here are refused.";
