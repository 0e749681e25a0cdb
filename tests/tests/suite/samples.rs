//! A valid body for a new row of each resource. Every test that needs a row of any resource takes it from here. The
//! registration of a table declares it.
use std::sync::LazyLock;

use api::docs::document;
use serde_json::Value;
use tests::PASSWORD;

/// Returns a body with every field that a superuser may send. `text` is in its texts and makes the row unique. References
/// name the row 1.
pub fn sample(resource: &str, text: &str) -> Value {
    let table = service::registry().table(resource).unwrap();
    let sample = table.sample.unwrap_or_else(|| {
        panic!(
            "{resource} has no sample: add `.sample(|text| json!({{ … }}))` to its registration, with every field of a new row"
        )
    });
    let mut body = sample(text);
    if resource == "users" {
        body["password"] = PASSWORD.into();
    }
    body
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Whether the route takes a JSON body, by the OpenAPI document.
pub fn takes_body(method: &str, path: &str) -> bool {
    operation(method, path)["requestBody"].is_object()
}

/// Whether the route requires a JSON body, by the OpenAPI document.
pub fn requires_body(method: &str, path: &str) -> bool {
    operation(method, path)["requestBody"]["required"] == true
}

fn operation(method: &str, path: &str) -> &'static Value {
    &DOCUMENT["paths"][format!("/api/v1{path}")][method.to_lowercase()]
}

/// Returns the fields of the sample that a change of a row may set.
pub fn patch(resource: &str, text: &str) -> Value {
    let body = &operation("PATCH", &format!("/{resource}/{{id}}"))["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    let schema = match schema["$ref"].as_str() {
        Some(name) => DOCUMENT.pointer(&name[1..]).unwrap(),
        None => schema,
    };
    let mut patch = sample(resource, text);
    let fields = patch.as_object_mut().unwrap();
    fields.retain(|name, _| schema["properties"].get(name).is_some());
    patch
}

/// Returns the resource whose rows a generic path is about: `posts` for `/posts`, `/posts/{id}` and `/posts/bulk`.
pub fn resource_of(path: &str) -> Option<&'static str> {
    let name = path.split(['/', '?']).nth(1)?;
    let mut tables = service::registry().tables().iter();
    tables
        .find(|table| table.name == name)
        .map(|table| table.name)
}

/// Returns true if the body of this route may be a row as a client read it, with this member, which it cannot change.
pub fn may_send_back(method: &str, path: &str, member: &str) -> bool {
    let name = match path {
        "/auth/me" => "users",
        _ if method == "PATCH" || path.ends_with("/restore") => {
            path.split('/').nth(1).unwrap_or_default()
        }
        _ => return false,
    };
    let base = ["id", "created_at", "updated_at", "deleted_at", "version"];
    let table = service::registry().table(name);
    table.is_ok_and(|table| {
        base.contains(&member) || table.fields.contains(&member) || table.private.contains(&member)
    })
}
