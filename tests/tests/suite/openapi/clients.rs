//! The document suits generators of clients and the people who read it.
use api::docs::document;
use serde_json::Value;

use super::{operations, resolve};

/// Calls `visit` with the path and the value of every object in the document.
fn walk(path: &str, at: &Value, visit: &mut impl FnMut(&str, &Value)) {
    if at.is_object() {
        visit(path, at);
    }
    for (name, value) in at.as_object().into_iter().flatten() {
        walk(&format!("{path}/{name}"), value, visit);
    }
    for (place, value) in at.as_array().into_iter().flatten().enumerate() {
        walk(&format!("{path}/{place}"), value, visit);
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn every_operation_and_tag_is_described() {
    let document = document();

    for (method, path, operation) in operations(&document) {
        for name in ["summary", "description"] {
            let is_stated = !text(operation, name).is_empty();
            assert!(
                is_stated,
                "{method} {path} has no {name}: add `.about(…)` to its route"
            );
        }
    }
    for tag in document["tags"].as_array().unwrap() {
        let is_stated = !text(tag, "description").is_empty();
        assert!(
            is_stated,
            "{tag} has no description: add `.about_tag(…)` to one of its routes"
        );
    }
}

/// A list without an order would begin with the audit log.
#[test]
fn tags_are_in_the_order_of_use() {
    let document = document();

    let tags = document["tags"].as_array().unwrap();
    let first: Vec<_> = tags.iter().map(|tag| text(tag, "name")).take(3).collect();

    assert_eq!(first, ["auth", "users", "posts"]);
}

/// A viewer would send a default, and `offset` or `sort` would then refuse a cursor.
#[test]
fn parameters_have_examples_and_no_default() {
    let document = document();
    let mut seen = 0;

    for (method, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolve(&document, parameter);
            let (name, schema) = (
                text(parameter, "name"),
                resolve(&document, &parameter["schema"]),
            );
            let said = format!("{method} {path}: {name}");
            assert!(schema["default"].is_null(), "{said} has a default");
            assert!(
                !text(parameter, "description").is_empty(),
                "{said} has no description"
            );
            // Only an answer has a cursor that works, and the path of another operation is a text.
            let has_example = ["examples", "enum"]
                .iter()
                .any(|name| !schema[*name][0].is_null());
            assert!(
                has_example || ["cursor", "path"].contains(&name),
                "{said} has no example"
            );
            // A viewer would send the example of a parameter; it only shows the examples of its schema.
            assert!(
                parameter["example"].is_null() && schema["example"].is_null(),
                "{said}"
            );
            seen += 1;
        }
    }
    assert!(seen > 300, "{seen}");
}

/// Client generators treat an alternative without a type as any value.
#[test]
fn every_alternative_has_a_type() {
    const TYPED: [&str; 5] = ["type", "$ref", "enum", "anyOf", "allOf"];
    let document = document();

    walk(
        "",
        &document["components"]["schemas"],
        &mut |path, schema| {
            let alternatives = ["anyOf", "oneOf"].map(|name| schema[name].as_array());
            for alternative in alternatives.into_iter().flatten().flatten() {
                let is_typed = TYPED
                    .iter()
                    .any(|keyword| alternative.get(keyword).is_some());
                assert!(
                    is_typed,
                    "{path}: {alternative} has no type: state it in each alternative"
                );
            }
        },
    );
}

#[test]
fn each_schema_becomes_one_type() {
    let document = document();
    let mut ids = 0;

    walk("", &document["components"], &mut |path, schema| {
        assert!(
            schema.get("const").is_none(),
            "{path}: state an enumeration of one value"
        );
        if schema["format"] == "int64" && schema["minimum"] == 1 {
            assert!(
                schema["maximum"].is_null(),
                "{path} is an id with a maximum"
            );
            ids += 1;
        }
        let is_trimmed = schema["x-trimmed"] == true;
        let has_bound = schema["maxLength"].is_u64() && !text(schema, "pattern").contains("u2000");
        assert!(
            !is_trimmed || has_bound,
            "{path}: a trimmed text states its longest length"
        );
    });
    assert!(ids > 20, "{ids}");
    for header in ["If-Match", "If-None-Match-Of-Change"] {
        let schema = &document["components"]["parameters"][header]["schema"];
        assert_eq!(schema["type"], "string", "{header}");
    }
}

/// A generated client can send the version that it read, for which each patch has a member.
#[test]
fn every_patch_takes_a_version() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut patches = 0;

    for (name, schema) in schemas.iter().filter(|(name, _)| name.ends_with("Patch")) {
        let version = &schema["properties"]["version"];
        assert_eq!(version["type"], "integer", "{name}");
        assert!(!text(version, "description").is_empty(), "{name}");
        patches += 1;
    }
    assert!(patches >= 5, "{patches}");
    // An example expects no version, because the row may have any.
    for (method, path, operation) in operations(&document) {
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        let has_version = example.get("version").is_some();
        assert_eq!(has_version, path.ends_with("/revert"), "{method} {path}");
    }
}

/// An account is never shown deleted.
#[test]
fn only_rows_of_lists_can_be_deleted() {
    let document = document();
    let members = |name: &str| &document["components"]["schemas"][name]["properties"];

    assert!(members("Account").get("deleted_at").is_none());
    assert!(members("User").get("deleted_at").is_some());
}

#[test]
fn schemas_are_named_after_their_resource() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();

    for name in [
        "Post",
        "PostPage",
        "NewPost",
        "PostPatch",
        "PostBulk",
        "PostStats",
        "NotFoundProblem",
    ] {
        assert!(schemas.contains_key(name), "{name}");
    }
    for (name, schema) in schemas {
        assert!(!name.contains("View"), "{name} is named after a Rust type");
        // A row of a page is whole, so that a client need not check each member.
        if let Some(row) = name.strip_suffix("Page") {
            let items = &schema["properties"]["data"]["items"];
            assert_eq!(
                *items,
                serde_json::json!({ "$ref": format!("#/components/schemas/{row}") })
            );
        }
    }
    let more = &schemas["Post"]["properties"]["comments_more"];
    assert_eq!(more["type"], "boolean");
}

#[test]
fn operations_state_the_credentials_that_they_use() {
    let document = document();
    let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
    let signed_in = serde_json::json!([{ "bearer": [] }, { "cookie": [] }]);

    for path in [
        "/login",
        "/register",
        "/refresh",
        "/password/forgot",
        "/invite/accept",
    ] {
        let path = format!("/api/v1/auth{path}");
        assert_eq!(security(&path, "post"), serde_json::json!([]), "{path}");
    }
    assert_eq!(security("/healthz", "get"), serde_json::json!([]));
    assert_eq!(security("/api/v1/posts", "post"), signed_in);
    let optional = security("/api/v1/posts", "get");
    assert_eq!(optional[0], serde_json::json!({}));
    assert_eq!(
        optional.as_array().unwrap()[1..],
        signed_in.as_array().unwrap()[..]
    );
    let cookie = &document["components"]["securitySchemes"]["cookie"];
    assert_eq!(
        (text(cookie, "type"), text(cookie, "in")),
        ("apiKey", "cookie")
    );
}
