//! Import and export.
use actix_web::http::Method;
use serde_json::json;

use crate::client::start;

#[actix_web::test]
async fn books_are_imported_and_exported() {
    let anonymous = start().await;
    let owner = anonymous.with_token("7");
    let csv = [("content-type", "text/csv")];
    let text = "title,is_lent\nEmma,true\nPersuasion,false\n";

    let report = owner
        .send(Method::POST, "/books/import", &csv, text)
        .await
        .expect(200);
    assert_eq!(report.json()["created"], 2);

    let export = anonymous
        .get("/books/export?sort=id&fields=title,is_lent")
        .await
        .expect(200);
    let lines: Vec<serde_json::Value> = export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected = [
        json!({ "id": 1, "title": "Emma", "is_lent": true }),
        json!({ "id": 2, "title": "Persuasion", "is_lent": false }),
    ];
    assert_eq!(lines, expected);
}

#[actix_web::test]
async fn an_import_names_the_line_that_it_refuses() {
    let anonymous = start().await;
    let owner = anonymous.with_token("7");
    let ndjson = [("content-type", "application/x-ndjson")];
    let text = "{\"title\":\"Emma\"}\n{\"title\":\"\"}\n";

    let refused = owner
        .send(Method::POST, "/books/import", &ndjson, text)
        .await
        .expect(422);

    assert_eq!(refused.json()["errors"][0]["line"], 2);
    assert_eq!(anonymous.get("/books").await.json()["data"], json!([]));
}
