//! The OpenAPI document, made of the routes that are mounted and of the types that their handlers take and give.
mod bulk;
mod checks;
mod example;
mod filters;
mod headers;
mod limits;
mod links;
mod name;
mod operation;
mod problems;
mod rows;
mod schemas;
mod stats;

pub use bulk::bulk;
pub use filters::{export, import, list, shown};
pub use headers::header;
pub use operation::Operation;
pub use schemas::Schemas;
pub use stats::{stats, stats_schema};

use serde_json::{Map, Value, json};

use crate::http::Route;

/// What says of itself what it adds to the operations that take or give it.
pub trait Documented {
    fn document(operation: &mut Operation<'_>);
}

/// OpenAPI 3.1.0 of these routes.
pub fn document(routes: &[Route]) -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    for route in routes {
        let Some(operation) = operation::of(route, &mut schemas) else {
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
            "headers": headers::of_answers(),
            "parameters": headers::of_requests(),
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

const ABOUT: &str = "\
Failures are `application/problem+json` (RFC 9457) with a stable `code`. Wherever GET is, HEAD is too. Another method of a \
known path is 405, with `Allow`; an unknown path, one with a slash at its end included, is 404. Credentials that are sent \
must be good, even where none are needed. A query parameter, or a field of a body, that is not described here is refused.";
