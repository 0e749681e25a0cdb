//! Query parameters are declared once: the server refuses what the OpenAPI document excludes, and says what it allows.
use api::docs::document;
use reqwest::Method;
use serde_json::Value;
use tests::{Reply, TestApp};

use super::numbered;

/// Every operation of the API, with its method, its path and its query parameters. The probes outside it read no query.
fn operations(document: &Value) -> Vec<(Method, String, Vec<&Value>)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let paths = paths.filter(|(path, _)| path.starts_with("/api/"));
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap();
        operations.iter().map(move |(method, operation)| {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            (method, numbered(path, "1"), query.collect())
        })
    });
    operations.collect()
}

/// The query parameters that are not filters.
fn declared<'a>(parameters: &[&'a Value]) -> Vec<&'a Value> {
    let is_filter = |parameter: &&Value| parameter["style"] == "deepObject";
    let parameters = parameters.iter().copied();
    parameters
        .filter(|parameter| !is_filter(parameter))
        .collect()
}

async fn refuse(app: &TestApp, method: &Method, path: &str, name: &str, value: &str) -> Value {
    let path = format!("{path}?{name}={value}");
    let reply = Reply::send(app.anonymous().request(method.clone(), path)).await;
    let reply = reply.expect_problem(400, "malformed_request");
    let mut errors = reply.body["errors"].as_array().unwrap().iter();
    let error = errors.find(|error| error["parameter"] == name);
    error.unwrap_or_else(|| panic!("{}", reply.text)).clone()
}

#[actix_web::test]
async fn an_unknown_parameter_is_told_which_ones_the_document_has() {
    let app = TestApp::new().await;

    for (method, path, parameters) in operations(&document()) {
        let error = refuse(&app, &method, &path, "no_such", "1").await;

        let names = declared(&parameters);
        let names: Vec<_> = names
            .iter()
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let expected = match names.join(", ") {
            names if names.is_empty() => "unknown parameter; this endpoint has none".to_owned(),
            names => format!("unknown parameter; expected {names}"),
        };
        let detail = error["detail"].as_str().unwrap();
        let (before, filters) = detail
            .split_once(", or a filter by ")
            .unwrap_or((detail, ""));
        assert_eq!(before, expected, "{method} {path}");
        for filter in filters.split(", ").filter(|filter| !filter.is_empty()) {
            let mut filters = parameters.iter();
            let is_documented = filters.any(|parameter| parameter["name"] == filter);
            assert!(is_documented, "{method} {path}: {filter}");
        }
    }
}

#[actix_web::test]
async fn a_value_outside_its_limits_is_told_the_limits_of_the_document() {
    let app = TestApp::new().await;
    let mut checked = 0;

    for (method, path, parameters) in operations(&document()) {
        for parameter in declared(&parameters) {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let number = |limit: &str| schema[limit].as_u64();
            let expected = match (schema["type"].as_str().unwrap(), &schema["enum"]) {
                ("integer", _) => {
                    let (min, max) = (number("minimum").unwrap(), number("maximum").unwrap());
                    format!("must be a number from {min} to {max}")
                }
                ("boolean", _) => "must be one of true, false".to_owned(),
                ("string", Value::Array(values)) if name != "method" => {
                    let values = values.iter().map(|value| match value.as_str().unwrap() {
                        "" => "an empty value",
                        value => value,
                    });
                    format!("must be one of {}", values.collect::<Vec<_>>().join(", "))
                }
                _ => continue,
            };

            let error = refuse(&app, &method, &path, name, "99999999999999999999").await;

            assert_eq!(error["detail"], expected, "{method} {path} {name}");
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}
