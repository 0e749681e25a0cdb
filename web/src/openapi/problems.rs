//! The responses of failures, one for each kind.
use serde_json::{Map, Value, json};

use super::{header, headers::RATE_LIMIT, schemas::reference};
use crate::problem::Kind;

/// Adds a failure to an operation's answer, beside other answers with the same status.
pub fn add(answer: &mut Value, kind: Kind) {
    if answer.is_null() {
        *answer = reference_to(&name_of_all(&[kind]));
    } else if let Some(mut kinds) = referred(answer) {
        kinds.push(kind);
        kinds.sort_unstable();
        kinds.dedup();
        *answer = reference_to(&name_of_all(&kinds));
    } else {
        answer["content"]["application/problem+json"] = media(kind);
    }
}

fn reference_to(response: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/{response}") })
}

/// Returns the kinds that an answer refers to.
fn referred(answer: &Value) -> Option<Vec<Kind>> {
    let reference = answer["$ref"].as_str()?;
    let names = reference.rsplit('/').next()?.split(OR);
    let known = |name| {
        let mut all = Kind::ALL.into_iter();
        all.find(|kind| format!("{kind:?}") == name)
    };
    names.map(known).collect()
}

/// Builds the response of each kind, and of the kinds that share a status and may be documented together.
pub fn responses() -> Map<String, Value> {
    let mut groups: Vec<Vec<Kind>> = Vec::new();
    for kind in Kind::ALL {
        let has_same_status = |group: &&Vec<Kind>| group[0].parts().0 == kind.parts().0;
        let mut longer: Vec<_> = groups
            .iter()
            .filter(has_same_status)
            .map(|group| [group.as_slice(), &[kind]].concat())
            .collect();
        groups.append(&mut longer);
        groups.push(vec![kind]);
    }
    let all = groups.into_iter();
    all.map(|group| (name_of_all(&group), response_of_all(&group)))
        .collect()
}

fn response_of_all(kinds: &[Kind]) -> Value {
    let mut all = response(kinds[0]);
    if kinds.len() > 1 {
        let schemas: Vec<_> = kinds
            .iter()
            .map(|kind| reference(&schema_name(*kind)))
            .collect();
        all["content"]["application/problem+json"] = json!({ "schema": { "anyOf": schemas } });
        if kinds.contains(&Kind::Unavailable) {
            all["headers"]["Retry-After"] = header("Retry-After-If-Busy");
        }
    }
    all
}

/// Builds the schema of a problem and of each kind: RFC 9457 with additional members. `refusal` is the schema of a refusal's code.
pub fn schemas(refusal: &Value) -> Map<String, Value> {
    let kinds = Kind::ALL.into_iter();
    let kinds = kinds.map(|kind| (schema_name(kind), schema_of(kind)));
    [("Problem".to_owned(), schema(refusal))]
        .into_iter()
        .chain(kinds)
        .collect()
}

fn schema(refusal: &Value) -> Value {
    let text = json!({ "type": "string" });
    let line =
        json!({ "type": "integer", "minimum": 1, "description": "The line of an imported file." });
    json!({
        "type": "object",
        "description": "The body of every failure: a problem details object (RFC 9457).",
        "required": ["type", "title", "status", "code", "detail", "instance", "request_id"],
        "properties": {
            "type": { "type": "string" },
            "title": text,
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": { "type": "string", "enum": Kind::ALL.map(|kind| kind.parts().1) },
            "detail": text,
            "instance": { "type": "string", "description": "The path of the request." },
            "request_id": text,
            "checks": {
                "type": "object",
                "description": "The result of each readiness check, if the server is not ready.",
                "additionalProperties": { "type": "boolean" },
            },
            "errors": {
                "type": "array",
                "description": "The refused fields of the body, by JSON Pointer, or the refused query parameters, by name.",
                "items": {
                    "type": "object",
                    "required": ["code", "detail"],
                    "properties": { "pointer": text, "parameter": text, "line": line, "code": refusal, "detail": text },
                },
            },
            "committed_lines": {
                "type": "integer",
                "minimum": 0,
                "description": "The number of records that were committed or skipped before the import stopped. Send it as `skip` to continue.",
            },
        },
    })
}

fn response(kind: Kind) -> Value {
    let extra = match kind {
        Kind::Unauthenticated => Some("WWW-Authenticate"),
        Kind::RateLimited | Kind::Unavailable => Some("Retry-After"),
        Kind::MethodNotAllowed => Some("Allow"),
        _ => None,
    };
    let headers = ["X-Request-Id"].into_iter().chain(extra);
    let headers = headers.map(|name| (name.to_owned(), header(name)));
    let mut headers: Map<_, _> = headers.collect();
    if kind == Kind::Conflict {
        headers.insert("Retry-After".to_owned(), header("Retry-After-In-Progress"));
    }
    for name in RATE_LIMIT {
        headers.insert(name.to_owned(), header(name));
    }
    let (_, _, title) = kind.parts();
    json!({
        "description": title,
        "headers": headers,
        "content": { "application/problem+json": media(kind) },
    })
}

fn media(kind: Kind) -> Value {
    json!({ "schema": reference(&schema_name(kind)) })
}

/// Builds the schema of one kind. It uses enumerations of one value, because client generators do not combine `const` with a type.
fn schema_of(kind: Kind) -> Value {
    let (status, code, title) = kind.parts();
    let text = |value: &str| json!({ "type": "string", "enum": [value] });
    let fixed = json!({
        "type": text(&format!("/problems/{}", kind.slug())),
        "title": text(title),
        "status": { "type": "integer", "enum": [status.as_u16()] },
        "code": text(code),
    });
    let fixed = json!({ "type": "object", "properties": fixed });
    json!({ "description": kind.meaning(), "allOf": [reference("Problem"), fixed] })
}

/// The name of the schema, such as `NotFoundProblem`.
fn schema_name(kind: Kind) -> String {
    format!("{kind:?}Problem")
}

/// What stands between the kinds in the name of a response.
const OR: &str = "Or";

/// The name of the response of these kinds, such as `NotFound` or `UnavailableOrQueryTimeout`.
fn name_of_all(kinds: &[Kind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
    names.join(OR)
}
