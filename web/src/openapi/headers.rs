//! The headers of requests and answers, each described once.
use kernel::idempotency::MAX_LENGTH;
use serde_json::{Value, json};

use crate::problem::CHALLENGES;

/// The rate limit headers, which every answer to a counted request has, except a 429 for another reason.
pub const RATE_LIMIT: [&str; 2] = ["RateLimit-Policy", "RateLimit"];

/// Returns a reference to a header of answers.
pub fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// Returns a reference to a header of requests.
pub fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

pub fn response_headers() -> Value {
    let text = json!({ "type": "string" });
    let always = |description: &str, schema: &Value| json!({ "description": description, "required": true, "schema": schema });
    let seconds = json!({ "type": "string", "pattern": "^[0-9]+$" });
    let id = "The id of this request, which is also in the log. An id that the client sends is kept if it is 1 to 64 characters of `[A-Za-z0-9._-]`.";
    json!({
        "X-Request-Id": always(id, &json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" })),
        "Location": always("The URL of the new row.", &text),
        "Link": always("Links to the first, next and previous pages (RFC 8288).", &text),
        "Content-Disposition": always("The suggested file name.", &text),
        "Cache-Control": always("Caches may store the answer but must revalidate it.", &text),
        "Vary": always("The answer depends on the credentials of the request.", &text),
        "WWW-Authenticate": always("The authentication scheme, with an error if the token of the request is not valid.", &json!({ "type": "string", "enum": CHALLENGES })),
        "Retry-After": always("Seconds to wait before a retry.", &seconds),
        "Retry-After-If-Busy": {
            "description": "Seconds to wait before a retry. It is absent if a statement took too long, because it would take as long again, and in a read-only mode that an operator ends.",
            "schema": seconds,
        },
        "Retry-After-In-Progress": {
            "description": "Seconds to wait before a retry, if the first request with this key is still running.",
            "schema": seconds,
        },
        "Allow": always("The allowed methods.", &text),
        "ETag": {
            "description": "The version of the row, followed by `p` if only its public view is shown. It is weak with `fields` and absent with `include`.",
            "schema": { "type": "string", "pattern": "^(W/)?\"[0-9]+p?\"$" },
        },
        "ETag-Of-Content": {
            "description": "Identifies the content.",
            "schema": { "type": "string", "pattern": "^\"[0-9a-f]+\"$" },
        },
        "RateLimit-Policy": {
            "description": "The quota of requests (`q`) per window of seconds (`w`): draft-ietf-httpapi-ratelimit-headers-11. Absent if requests are not counted, and if the answer is a 429 for another reason.",
            "schema": { "type": "string", "pattern": "^\"[a-z-]+\";q=[0-9]+;w=[0-9]+$" },
        },
        "RateLimit": {
            "description": "The number of requests left (`r`), and the seconds (`t`) until the full quota is available again; if none are left, until the next request is accepted.",
            "schema": { "type": "string", "pattern": "^\"[a-z-]+\";r=[0-9]+;t=[0-9]+$" },
        },
        "Write-Position": {
            "description": "The position of this write in the log of the database. A client that sends it with later requests sees the write, whichever server answers them. Absent without replicas of the database.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]{43}$" },
        },
        "Idempotency-Replayed": {
            "description": "Present if this is the answer to an earlier request with the same key.",
            "schema": { "type": "string", "enum": ["true"] },
        },
    })
}

pub fn request_headers() -> Value {
    let tags = r#"^(\*|(W/)?"[!#-+.-~-]*"(, (W/)?"[!#-+.-~-]*")*)$"#;
    let tags = json!({ "type": "string", "pattern": tags, "examples": ["\"3\""] });
    let key = format!("^[!-~]([ -~]{{0,{}}}[!-~])?$", MAX_LENGTH - 2);
    json!({
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of the client's copy. If it is current, the answer is 304.",
            "schema": { "type": "string", "examples": ["\"3\""] },
        },
        "If-None-Match-Of-Change": {
            "name": "If-None-Match",
            "in": "header",
            "description": "One or several `ETag` values, or `*` for all. If the row has one of them, it is not changed and the answer is 412.",
            "schema": tags,
        },
        "If-Match": {
            "name": "If-Match",
            "in": "header",
            "description": "One or several `ETag` values, or `*` for all. If the row has none of them, it is neither shown nor changed and the answer is 412. A weak tag matches no version.",
            "schema": tags,
        },
        "Write-Position": {
            "name": "Write-Position",
            "in": "header",
            "description": "The `Write-Position` of the client's last write, so that the answer includes it. Browsers that are signed in by a cookie need not send it. An invalid value counts as none.",
            "schema": { "type": "string", "examples": ["AAAAAAGuT3gAAAAAaSvoYkFiY2RlZmdoaWprbG1ub3A"] },
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "For 24 hours, retries with the same key return the first answer and have no other effect; using the key for a different request returns 422.",
            "schema": { "type": "string", "pattern": key, "examples": ["8e03978e-40d5-43dd-bc93-6894a57f9324"] },
        },
    })
}
