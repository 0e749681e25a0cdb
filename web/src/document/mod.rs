//! The OpenAPI document, generated from the mounted routes and the argument and answer types of their handlers.
mod checks;
mod components;
mod links;
mod name;

use kernel::Registry;
use serde_json::{Map, Value, json};

use crate::{
    cookie::HostCookie,
    openapi::{
        Operation, RATE_LIMIT, Schemas, header, parameter, problems, request_headers,
        response_headers,
    },
    route::{Preconditions, Route},
};

/// What the document says about the application.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub title: &'static str,
    pub version: &'static str,
    /// An SPDX expression.
    pub license: &'static str,
    /// The cookie that keeps a browser signed in.
    pub session_cookie: Option<HostCookie>,
}

/// Generates the OpenAPI 3.1.0 document of these routes.
pub fn document(about: &About, registry: &Registry, routes: &[Route]) -> Value {
    let mut schemas = Schemas::new(registry);
    let mut paths = Map::new();
    for route in routes {
        let Some(operation) = describe(about, route, (&mut schemas, registry)) else {
            continue;
        };
        let method = route.method.as_str().to_lowercase();
        let path = paths.entry(&route.path).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    links::add(&mut paths);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": about.title,
            "version": about.version,
            "description": ABOUT,
            "license": { "name": about.license, "identifier": about.license },
        },
        "servers": [{ "url": "/" }],
        "tags": name::tags(routes),
        "paths": paths,
        "components": {
            "schemas": schemas.finish(registry),
            "responses": problems::responses(),
            "headers": response_headers(),
            "parameters": request_headers(),
            "securitySchemes": security_schemes(about),
        },
    });
    components::drop_unused(&mut document);
    document
}

/// The names of the ways to authenticate a request.
const BEARER: &str = "bearer";
const COOKIE: &str = "cookie";

fn security_schemes(about: &About) -> Value {
    let mut schemes = json!({ BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a sign-in, or an API key.",
    } });
    if let Some(HostCookie(name)) = about.session_cookie {
        schemes[COOKIE] = json!({
            "type": "apiKey",
            "in": "cookie",
            "name": name,
            "description": "The session of a browser. A request that changes something also needs the header `X-CSRF-Token`.",
        });
    }
    schemes
}

/// Returns the alternatives to authenticate a request. An empty alternative allows a request without credentials.
fn security(about: &About, route: &Route, is_call: bool) -> Value {
    if !is_call || route.ignores_credentials {
        return json!([]);
    }
    let anonymous = checks::is_public(route).then(|| json!({}));
    let cookie = about.session_cookie.map(|_| json!({ COOKIE: [] }));
    let all = anonymous.into_iter().chain([json!({ BEARER: [] })]);
    all.chain(cookie).collect()
}

const ABOUT: &str = "\
Failures are `application/problem+json` (RFC 9457) with a stable `code`. HEAD is supported wherever GET is. Another method \
of a known path returns 405 with `Allow`; an unknown path, including one with a trailing slash, returns 404. Invalid \
credentials return 401 even on public routes. Query parameters and body fields that are not described here are refused.";

/// Describes a route. None if it is not part of the API.
fn describe(about: &About, route: &Route, parts: (&mut Schemas, &Registry)) -> Option<Value> {
    let mut operation = Operation::new(&route.method, &route.path, parts);
    (route.describe)(&mut operation);
    if operation.is_hidden {
        return None;
    }
    add_write_headers(route, &mut operation);
    add_positions(route, &mut operation);
    if let Some((status, (tag, verb), id)) = route.link {
        operation.links(status, tag, id, &[verb]);
    }
    if operation.is_call {
        add_rate_limit_headers(&mut operation);
    }
    let mut answers = operation.answers;
    let failures = checks::failures(route, operation.is_call, operation.body.is_some());
    for kind in failures.into_iter().chain(operation.failures) {
        let (status, ..) = kind.parts();
        problems::add(answers.entry(status.as_u16()).or_default(), kind);
    }
    let answers = answers
        .into_iter()
        .map(|(status, answer)| (status.to_string(), answer));
    let mut written = json!({
        "operationId": name::id(route),
        "summary": name::summary(route),
        "tags": [name::tag(route)],
        "parameters": operation.parameters,
        "responses": answers.collect::<Map<_, _>>(),
        "security": security(about, route, operation.is_call),
    });
    if let Some(description) = &route.description {
        written["description"] = description.as_str().into();
    }
    if let Some(body) = operation.body {
        written["requestBody"] = body;
    }
    Some(written)
}

/// Documents the headers that prevent lost updates and repeated effects.
fn add_write_headers(route: &Route, operation: &mut Operation<'_>) {
    let headers: &[&str] = match route.preconditions {
        Preconditions::None => &[],
        Preconditions::EachRow => &["If-Match"],
        Preconditions::OneRow | Preconditions::OneRowIfSent => {
            &["If-Match", "If-None-Match-Of-Change"]
        }
    };
    let headers = headers.iter().map(|name| parameter(name));
    operation.parameters.extend(headers);
    if operation.is_call && route.takes_key {
        operation.parameters.push(parameter("Idempotency-Key"));
        for answer in operation.answers.values_mut() {
            answer["headers"]["Idempotency-Replayed"] = header("Idempotency-Replayed");
        }
    }
}

/// Documents the header by which a caller sees their own writes on every server.
fn add_positions(route: &Route, operation: &mut Operation<'_>) {
    if route.policy.may_lag {
        operation.parameters.push(parameter("Write-Position"));
    }
    if operation.is_call && !route.method.is_safe() {
        for answer in operation.answers.values_mut() {
            answer["headers"]["Write-Position"] = header("Write-Position");
        }
    }
}

/// Documents the rate limit headers of each answer.
fn add_rate_limit_headers(operation: &mut Operation<'_>) {
    for answer in operation.answers.values_mut() {
        for name in RATE_LIMIT {
            answer["headers"][name] = header(name);
        }
    }
}
