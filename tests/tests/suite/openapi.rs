//! The OpenAPI document: the operations are the routes, and its limits are the server's.
mod clients;
mod viewer;

use std::{collections::BTreeSet, env, fs, path::Path};

use api::{docs::document, routes::routes};
use reqwest::Method;
use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

/// The variable that renews the snapshot. Review the difference.
const RENEW: &str = "ATOLL_RENEW_OPENAPI";

/// Returns every operation with its method and path.
fn operations(document: &Value) -> Vec<(Method, String, &Value)> {
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            all.push((method, path.clone(), operation));
        }
    }
    all
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// Returns method, path, schema and example of every operation with a body.
fn bodies(document: &Value) -> Vec<(Method, String, &Value, &Value)> {
    let body = |(method, path, operation): (Method, String, &'_ Value)| {
        let media = document.pointer(&format!(
            "/paths/{}/{}/requestBody/content/application~1json",
            path.replace('/', "~1"),
            method.as_str().to_lowercase(),
        ))?;
        assert!(operation["responses"]["422"].is_object(), "{method} {path}");
        let schema = resolve(document, &media["schema"]);
        Some((method, path, schema, &media["example"]))
    };
    operations(document).into_iter().filter_map(body).collect()
}

fn has_type(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind
        || schema["type"]
            .as_array()
            .is_some_and(|kinds| kinds.contains(&kind.into()))
}

async fn send(client: &Client, method: &Method, path: &str, body: &Value) -> Reply {
    let path = path.replace("{id}", "4711");
    Reply::send(client.request(method.clone(), path).json(body)).await
}

#[test]
fn the_operations_are_the_routes() {
    let document = document();
    let described: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let mounted = routes()
        .into_iter()
        .map(|route| format!("{} {}", route.method, route.path));
    let system = ["/healthz", "/readyz", "/readyz/writes", "/problems/{slug}"];
    let system = system.map(|path| format!("GET {path}"));

    assert_eq!(described, mounted.chain(system).collect());
}

#[test]
fn operations_have_unique_ids() {
    let document = document();
    let operations = operations(&document);
    let names: BTreeSet<_> = operations
        .iter()
        .map(|(.., it)| it["operationId"].as_str().unwrap())
        .collect();

    assert_eq!(names.len(), operations.len());
    for (method, path, operation) in operations {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            for link in answer["links"].as_object().into_iter().flatten() {
                let target = link.1["operationId"].as_str().unwrap();
                assert!(
                    names.contains(target),
                    "{method} {path}, {status}: there is no {target}"
                );
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, at: &Value) {
        if let Some(reference) = at.get("$ref") {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(
                document.pointer(pointer).is_some(),
                "{reference} is nowhere"
            );
        }
        for value in at.as_object().into_iter().flat_map(|it| it.values()) {
            walk(document, value);
        }
        for value in at.as_array().into_iter().flatten() {
            walk(document, value);
        }
    }
    let document = document();

    walk(&document, &document);
}

#[test]
fn the_document_equals_its_reviewed_snapshot() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/openapi.json");
    let written = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if env::var_os(RENEW).is_some() {
        fs::write(&path, &written).unwrap();
    }

    let reviewed = fs::read_to_string(&path).unwrap_or_default();

    let differs = reviewed
        .lines()
        .zip(written.lines())
        .find(|(old, new)| old != new);
    assert!(
        reviewed == written,
        "the API changed, first at {differs:?}: run `{RENEW}=1 cargo test -p tests the_document_`, and review the difference",
    );
}

#[actix_web::test]
async fn a_missing_field_is_refused_if_the_document_requires_it() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let document = document();

    for (method, path, schema, _) in bodies(&document) {
        let required = schema["required"].as_array().into_iter().flatten();
        let mut required: Vec<_> = required
            .map(|name| format!("/{}", name.as_str().unwrap()))
            .collect();
        required.sort();

        let reply = send(&root, &method, &path, &json!({})).await;

        // A missing object is refused itself, not its fields.
        let outer = |place: &&str| place.split('/').take(2).collect::<Vec<_>>().join("/");
        let mut places: Vec<_> = reply.places().iter().map(outer).collect();
        places.dedup();
        assert_eq!(places, required, "{method} {path}: {}", reply.text);
    }
}

#[actix_web::test]
async fn null_is_refused_unless_the_document_allows_it() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let document = document();

    for (method, path, schema, example) in bodies(&document) {
        for (name, property) in schema["properties"].as_object().unwrap() {
            let mut body = example.clone();
            body[name] = Value::Null;

            let reply = send(&root, &method, &path, &body).await;

            // If the null field is not known, the refusal names the whole body.
            let is_refused = reply.status == 422 && reply.body["errors"][0]["code"] == "wrong_type";
            assert_eq!(
                is_refused,
                !has_type(property, "null"),
                "{method} {path} {name}: {}",
                reply.text
            );
        }
    }
}

#[actix_web::test]
async fn texts_have_the_lengths_of_the_document() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let document = document();

    for (method, path, schema, example) in bodies(&document) {
        for (name, property) in schema["properties"].as_object().unwrap() {
            let Some(max) = property["maxLength"].as_u64().filter(|_| name != "email") else {
                continue;
            };
            for (length, fits) in [(max, true), (max + 1, false)] {
                let mut body = example.clone();
                body[name] = "x".repeat(usize::try_from(length).unwrap()).into();

                let reply = send(&root, &method, &path, &body).await;

                // The password and the token of the example are wrong with any length, and a repeated text is easily guessed.
                let is_refused = !refuses_a_guess(&reply)
                    && reply.status == 422
                    && reply.places().contains(&format!("/{name}").as_str());
                assert_eq!(
                    is_refused, !fits,
                    "{method} {path} {name} of {length}: {}",
                    reply.text
                );
            }
        }
    }
}

/// Returns true if a well-formed request is refused because its secret is wrong.
fn refuses_a_guess(reply: &Reply) -> bool {
    let code = reply.body["errors"][0]["code"].as_str();
    code.is_some_and(|code| ["wrong", "invalid_token", "too_guessable"].contains(&code))
}

#[actix_web::test]
async fn the_examples_are_accepted() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    root.publish("The first").await;
    let document = document();

    for (method, path, _, example) in bodies(&document) {
        let reply = send(&root, &method, &path, example).await;

        // The password and the token of the example are wrong, and row 4711 does not exist.
        let accepted = if path.contains("{id}") {
            404
        } else if path.ends_with("/login") {
            401
        } else if [
            "/password",
            "/invite/accept",
            "/one-time-tokens/check",
            "/password/reset",
            "/email/verify",
        ]
        .iter()
        .any(|end| path.ends_with(end))
            || (path.ends_with("/totp") && method == Method::POST)
        {
            422
        } else {
            reply.status
        };
        reply.clone().expect_status(accepted);
        assert!(
            ![400, 415, 422].contains(&reply.status) || accepted == 422 && refuses_a_guess(&reply),
            "{method} {path}: {}",
            reply.text
        );
    }
}

#[actix_web::test]
async fn the_served_document_equals_the_printed_one() {
    let app = TestApp::new().await;

    let reply = app
        .anonymous()
        .get("//openapi.json")
        .await
        .expect_status(200);

    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.body, document());
    let put = app.anonymous().put("//openapi.json").await;
    let put = put.expect_problem(405, "method_not_allowed");
    assert_eq!(put.header("allow"), "GET, HEAD");
}

/// A cache tells the encodings apart, and asks with the tag of the one that it has (RFC 9110, section 8.8.3.3).
#[actix_web::test]
async fn the_document_is_compressed_and_has_a_tag_for_each_encoding() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let get = async |headers: &[(&str, &str)]| {
        let mut request = nobody.request(Method::GET, "//openapi.json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Reply::send(request).await
    };
    let size = |reply: &Reply| reply.header("content-length").parse::<usize>().unwrap();

    let plain = get(&[]).await.expect_status(200);
    let compressed = get(&[("accept-encoding", "br, gzip")]).await;
    let refused = get(&[("accept-encoding", "gzip;q=0, identity")]).await;

    assert_eq!(compressed.header("content-encoding"), "gzip");
    assert!(size(&compressed) * 8 < size(&plain));
    for reply in [&plain, &refused] {
        assert!(!reply.headers.contains_key("content-encoding"));
        assert_eq!(reply.header("etag"), plain.header("etag"));
    }
    let tags = [plain.header("etag"), compressed.header("etag")];
    assert_ne!(tags[0], tags[1]);
    for reply in [&plain, &compressed] {
        let mut varies = reply.header("vary").split(", ");
        assert!(varies.any(|header| header == "Accept-Encoding"));
        assert_eq!(
            reply.header("cache-control"),
            "public, max-age=0, must-revalidate"
        );
    }
    for (encoding, tag) in ["identity", "gzip"].into_iter().zip(tags) {
        let asks = |tag| [("accept-encoding", encoding), ("if-none-match", tag)];
        let current = get(&asks(tag)).await.expect_status(304);
        assert_eq!(current.header("etag"), tag);
        assert_eq!(current.header("vary"), plain.header("vary"));
        let other = tags.into_iter().find(|other| *other != tag).unwrap();
        get(&asks(other)).await.expect_status(200);
    }
}

/// Every operation on one row is linked from an answer that creates or deletes the row.
#[test]
fn links_lead_to_every_operation_on_one_row() {
    let document = document();
    let mut reached = BTreeSet::new();
    for path in document["paths"].as_object().unwrap().values() {
        for operation in path.as_object().unwrap().values() {
            for answer in operation["responses"].as_object().unwrap().values() {
                let links = answer["links"].as_object().into_iter().flatten();
                reached.extend(
                    links.map(|(_, link)| link["operationId"].as_str().unwrap().to_owned()),
                );
            }
        }
    }

    for (path, operations) in document["paths"].as_object().unwrap() {
        if !path.ends_with('}') && path.matches('{').count() == 0
            || path.matches('{').count() > 1
            || path.starts_with("/problems")
        {
            continue;
        }
        for operation in operations.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(reached.contains(name), "no link leads to {name}");
        }
    }
}

#[test]
fn a_link_has_the_body_that_its_operation_needs() {
    let document = document();
    let deleted = &document["paths"]["/api/v1/posts/{id}"]["delete"]["responses"]["204"]["links"];
    let created = &document["paths"]["/api/v1/posts"]["post"]["responses"]["201"]["links"];

    assert_eq!(deleted["restore"]["requestBody"], json!({}));
    assert_eq!(created["revert"]["requestBody"], json!({ "version": 1 }));
    assert_eq!(created["impact"]["operationId"], "posts.impact");
}

#[test]
fn imports_and_searches_accept_everything_that_the_document_allows() {
    let document = document();
    let parameter = |path: &str, method: &str, name: &str| {
        let parameters = document["paths"][path][method]["parameters"]
            .as_array()
            .unwrap();
        parameters.iter().find(|it| it["name"] == name).unwrap()["schema"].clone()
    };

    let skip = parameter("/api/v1/posts/import", "post", "skip");
    assert_eq!(skip["maximum"], i64::MAX);
    let pattern = parameter("/api/v1/posts", "get", "q")["pattern"].clone();
    let pattern = pattern.as_str().unwrap();
    // These match different characters in each dialect of patterns.
    assert!(
        !pattern.contains(r"\s") && pattern.contains(r"\u0085"),
        "{pattern}"
    );
}
