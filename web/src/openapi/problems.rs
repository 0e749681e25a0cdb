//! The responses of failures, one for each kind.
use serde_json::{Map, Value, json};

use super::{header, headers::RATE_LIMIT};
use crate::problem::Kind;

/// Adds a failure to an operation's answer, beside other answers with the same status.
pub fn add(answer: &mut Value, kind: Kind) {
    if answer.is_null() {
        *answer = json!({ "$ref": format!("#/components/responses/{}", name(kind)) });
    } else if let Some(other) = referred(answer) {
        // Two kinds share this status.
        *answer = response(other);
        let schemas = [other, kind].map(|kind| media(kind)["schema"].take());
        answer["content"]["application/problem+json"] = json!({ "schema": { "anyOf": schemas } });
    } else {
        answer["content"]["application/problem+json"] = media(kind);
    }
}

/// Returns the kind that an answer refers to.
fn referred(answer: &Value) -> Option<Kind> {
    let reference = answer["$ref"].as_str()?;
    let kind = reference.rsplit('/').next()?;
    Kind::ALL.into_iter().find(|known| name(*known) == kind)
}

pub fn responses() -> Map<String, Value> {
    let all = Kind::ALL.into_iter();
    all.map(|kind| (name(kind), response(kind))).collect()
}

/// Builds the schema of a problem: RFC 9457 with additional members. `refusal` is the schema of a refusal's code.
pub fn schema(refusal: &Value) -> Value {
    let text = json!({ "type": "string" });
    let line =
        json!({ "type": "integer", "minimum": 1, "description": "The line of an imported file." });
    json!({
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "code", "detail", "instance", "request_id"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
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
                "description": "The number of records at the beginning of an import that are written; skip them in a retry.",
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
    let (status, code, title) = kind.parts();
    let kind = format!("/problems/{}", code.replace('_', "-"));
    let fixed = json!({
        "type": { "const": kind },
        "title": { "const": title },
        "status": { "const": status.as_u16() },
        "code": { "const": code },
    });
    json!({ "schema": { "allOf": [{ "$ref": "#/components/schemas/Problem" }, { "properties": fixed }] } })
}

/// The name of the response, such as `NotFound`.
fn name(kind: Kind) -> String {
    format!("{kind:?}")
}
