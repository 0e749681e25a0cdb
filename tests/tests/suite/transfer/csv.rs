//! The CSV that exports write.
use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Client, TestApp, json};

use super::export::rows;

/// Returns the header and the records of an export.
async fn table(client: &Client, path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let reply = client.get(path).await.expect_status(200);
    let mut reader = csv::Reader::from_reader(reply.text.as_bytes());
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = cells(reader.headers().unwrap());
    let records = reader.records().map(|record| cells(&record.unwrap()));
    (header, records.collect())
}

#[actix_web::test]
async fn the_header_has_every_field_of_a_row() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let post = root.publish("Hello").await.id();
    root.comment(post, "…").await;

    for resource in ["users", "posts", "comments", "roles"] {
        let path = format!("/{resource}/export?deleted=include");
        let (header, records) = table(&root, &format!("{path}&format=csv")).await;

        let rows = rows(&root, &path).await;
        let members: BTreeSet<_> = rows[0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(header.iter().cloned().collect::<BTreeSet<_>>(), members);
        assert_eq!(header[0], "id");
        assert_eq!(records.len(), rows.len(), "{resource}");
    }
}

#[actix_web::test]
async fn a_cell_can_hold_any_text_and_null_is_an_empty_cell() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let nasty = "a \"quoted\", text\r\nof two lines";
    let post = json!({ "title": "Hello", "summary": "", "content": nasty });
    root.post("/posts", post).await.expect_status(201);
    let role = json!({ "name": "reader", "permissions": ["posts.read", "users.read"] });
    root.post("/roles", role).await.expect_status(201);

    let (_, posts) = table(
        &root,
        "/posts/export?format=csv&fields=content,published_at,summary",
    )
    .await;
    let (_, roles) = table(
        &root,
        "/roles/export?format=csv&fields=name,permissions&name=reader",
    )
    .await;

    // Null and an empty text differ.
    assert_eq!(posts, [["1", "'", nasty, ""]]);
    let permissions: Value = serde_json::from_str(&roles[0][2]).unwrap();
    assert_eq!(permissions, json!(["posts.read", "users.read"]));
}

#[actix_web::test]
async fn no_exported_cell_is_a_formula() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "＝1"];
    for content in formulas {
        let post = json!({ "title": "Hello", "content": content });
        root.post("/posts", post).await.expect_status(201);
    }

    let (_, posts) = table(&root, "/posts/export?format=csv&fields=content&sort=id").await;

    for (record, formula) in posts.iter().zip(formulas) {
        assert_eq!(record[1], format!("'{formula}"));
    }
}

#[actix_web::test]
async fn an_empty_export_has_only_its_header() {
    let app = TestApp::new().await;

    let csv = app
        .anonymous()
        .get("/comments/export?format=csv&fields=body")
        .await;
    let ndjson = app.anonymous().get("/comments/export").await;

    assert_eq!(csv.expect_status(200).text, "id,body\r\n");
    assert_eq!(ndjson.expect_status(200).text, "");
}
