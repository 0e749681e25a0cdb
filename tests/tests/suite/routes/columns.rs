//! No request sets a column that its body does not declare, in any table (mass assignment).
use std::collections::BTreeSet;

use entity::prelude::*;
use sea_orm::{EntityTrait, IdenStatic, Iterable};
use serde_json::Value;
use service::registry;
use tests::{Client, PASSWORD, Reply, TestApp, json};

use super::{numbered, samples};

fn columns_of<E: EntityTrait>() -> Vec<&'static str> {
    E::Column::iter().map(|column| column.as_str()).collect()
}

/// Returns the columns of every table that requests change, and common names of other applications.
fn columns() -> BTreeSet<&'static str> {
    let tables = [
        columns_of::<ApiKeys>(),
        columns_of::<Deletions>(),
        columns_of::<LastLogins>(),
        columns_of::<OneTimeTokens>(),
        columns_of::<RecoveryCodes>(),
        columns_of::<Sessions>(),
        columns_of::<TotpSecrets>(),
        columns_of::<UserRoles>(),
        columns_of::<VerifiedEmails>(),
        vec!["admin", "is_admin", "roles", "role", "scope", "user"],
    ];
    let resources = registry().tables().iter();
    let resources = resources.flat_map(|table| table.columns.clone());
    tables.into_iter().flatten().chain(resources).collect()
}

/// The fields that a schema declares.
fn declared<'a>(document: &'a Value, schema: &'a Value) -> BTreeSet<&'a str> {
    let schema = match schema["$ref"].as_str() {
        Some(name) => document.pointer(&name[1..]).unwrap(),
        None => schema,
    };
    let fields = schema["properties"].as_object();
    fields
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect()
}

async fn expect_unknown(request: reqwest::RequestBuilder, body: &Value, at: &str) {
    let reply = Reply::send(request.json(body)).await;
    reply
        .expect_problem(422, "validation_failed")
        .expect_error_at(at);
}

async fn root_and_document(app: &TestApp) -> (Client, Value) {
    let root = app.superuser("root").await;
    let document = root.get("//openapi.json").await.expect_status(200).body;
    (root, document)
}

#[actix_web::test]
async fn no_body_sets_a_column_that_it_does_not_declare() {
    let app = TestApp::new().await;
    let (root, document) = root_and_document(&app).await;
    let mut sent = 0;

    for (method, path, sample) in samples::bodies() {
        let operation =
            &document["paths"][format!("/api/v1{path}")][method.as_str().to_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let declared = declared(&document, schema);
        assert!(!declared.is_empty(), "{method} {path} declares no field");
        for column in columns() {
            if declared.contains(column)
                || crate::samples::may_send_back(method.as_str(), &path, column)
            {
                continue;
            }
            let mut body = sample.clone();
            body[column] = 1.into();
            let request = root.request(method.clone(), numbered(&path, "1"));
            expect_unknown(request, &body, &format!("/{column}")).await;
            sent += 1;
        }
    }
    assert!(sent > 1_000, "{sent} columns were sent");
}

#[actix_web::test]
async fn no_row_of_a_bulk_sets_a_column_that_its_resource_does_not_declare() {
    let app = TestApp::new().await;
    let (root, document) = root_and_document(&app).await;

    for table in registry().tables() {
        let all = format!("/{}", table.name);
        let one = format!("{all}/{{id}}");
        for (method, path, operation) in [
            (reqwest::Method::POST, &all, json!({ "op": "create" })),
            (
                reqwest::Method::PATCH,
                &one,
                json!({ "op": "update", "id": 1 }),
            ),
        ] {
            let lower = method.as_str().to_lowercase();
            let body = &document["paths"][format!("/api/v1{path}")][lower]["requestBody"];
            let declared = declared(&document, &body["content"]["application/json"]["schema"]);
            let sample = samples::body(&method, path).unwrap();
            for column in columns() {
                if declared.contains(column)
                    || crate::samples::may_send_back(method.as_str(), path, column)
                {
                    continue;
                }
                let mut operation = operation.clone();
                operation["data"] = sample.clone();
                operation["data"][column] = 1.into();
                let body = json!({ "operations": [operation] });
                let request = root.request(reqwest::Method::POST, format!("{all}/bulk"));
                expect_unknown(request, &body, &format!("/operations/0/data/{column}")).await;
            }
        }
    }
}

/// An import ignores fields that an export shows, and refuses columns that are never shown.
#[actix_web::test]
async fn no_record_of_an_import_sets_an_undeclared_column() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let record = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });

    for column in [
        "password_hash",
        "username_key",
        "email_key",
        "deletion_id",
        "token_hash",
    ] {
        let mut record = record.clone();
        record[column] = "x".into();
        let reply = root.import("/users/import", record.to_string()).await;

        let reply = reply.expect_problem(422, "validation_failed");
        assert_eq!(
            reply.body["errors"][0]["pointer"],
            format!("/{column}"),
            "{}",
            reply.text
        );
    }
    let mut shown = record;
    shown["id"] = 4_711.into();
    shown["version"] = 77.into();
    shown["created_at"] = "2001-01-01T00:00:00Z".into();
    shown["roles"] = json!(["admin"]);
    root.import("/users/import", shown.to_string())
        .await
        .expect_status(200);
    let ada = &root.get("/users?username=ada").await.body["data"][0];
    assert!(ada["id"] != 4_711 && ada["version"] == 1, "{ada}");
    assert!(
        !ada["created_at"].as_str().unwrap().starts_with("2001"),
        "{ada}"
    );
    assert_eq!(ada["roles"], json!(["member"]));
}
