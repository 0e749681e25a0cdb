//! Headers of requests and of answers, each described once.
use serde_json::{Value, json};
use service::idempotency::MAX_LENGTH;

/// How many requests may come, on every answer where they are counted.
pub const RATES: [&str; 2] = ["RateLimit-Policy", "RateLimit"];

/// Refers to a header of an answer.
pub fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// Refers to a header of a request.
pub fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

pub fn of_answers() -> Value {
    let text = json!({ "type": "string" });
    let always = |description: &str, schema: &Value| json!({ "description": description, "required": true, "schema": schema });
    let seconds = json!({ "type": "string", "pattern": "^[0-9]+$" });
    let id = "Of this request, as the log has it; the client's own if that is 1 to 64 characters of `[A-Za-z0-9._-]`.";
    json!({
        "X-Request-Id": always(id, &json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" })),
        "Location": always("Where the new row is.", &text),
        "Link": always("The first, the next and the previous page (RFC 8288).", &text),
        "Content-Disposition": always("A name for the file.", &text),
        "Cache-Control": always("Kept, and asked about again.", &text),
        "Vary": always("What a caller sees is that caller's alone.", &text),
        "WWW-Authenticate": always("How to sign in.", &json!({ "type": "string", "const": "Bearer" })),
        "Retry-After": always("Seconds after which to try again.", &seconds),
        "Retry-After-In-Progress": {
            "description": "Seconds after which to try again, where the request with this key is still at work.",
            "schema": seconds,
        },
        "Allow": always("The methods that there are.", &text),
        "ETag": {
            "description": "The version of the row, with `p` behind it where its public view is shown; weak with `fields`, none with `include`.",
            "schema": { "type": "string", "pattern": "^(W/)?\"[0-9]+p?\"$" },
        },
        "RateLimit-Policy": {
            "description": "So many requests (`q`) at once, and as many again within so many seconds (`w`): draft-ietf-httpapi-ratelimit-headers-11. Absent where they are not counted.",
            "schema": { "type": "string", "pattern": "^\"[a-z-]+\";q=[0-9]+;w=[0-9]+$" },
        },
        "RateLimit": {
            "description": "How many are left (`r`), and in how many seconds (`t`) all are there again; where none are, in how many one is.",
            "schema": { "type": "string", "pattern": "^\"[a-z-]+\";r=[0-9]+;t=[0-9]+$" },
        },
        "Idempotency-Replayed": {
            "description": "This is the answer to an earlier request with the same key.",
            "schema": { "type": "string", "const": "true" },
        },
    })
}

pub fn of_requests() -> Value {
    let tags = r#"^(W/)?"[!#-+.-~-]*"(, (W/)?"[!#-+.-~-]*")*$"#;
    let key = format!("^[!-~]([ -~]{{0,{}}}[!-~])?$", MAX_LENGTH - 2);
    json!({
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of what the client has: if the row still has it, the answer is 304.",
            "schema": { "type": "string" },
        },
        "If-None-Match-Of-Change": {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of a version in which the row is not changed, several, or `*` for any: then the answer is 412.",
            "schema": { "anyOf": [{ "const": "*" }, { "type": "string", "pattern": tags }] },
        },
        "If-Match": {
            "name": "If-Match",
            "in": "header",
            "description": "The `ETag` of the row as the client knows it, several, or `*`: in any other version it is neither shown nor changed, and the answer is 412. A weak one matches no version.",
            "schema": { "anyOf": [{ "const": "*" }, { "type": "string", "pattern": tags }] },
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "For 24 hours the same request with the same key has the same answer, and no other effect; another request with it is refused.",
            "schema": { "type": "string", "pattern": key },
        },
    })
}
