//! One server imports the export of another.
use serde_json::Value;
use tests::{Client, PASSWORD, TestApp, json};

use super::{export::rows, import::lines};

/// The fields that a client sets, of every resource. Owners come first.
const FIELDS: [(&str, &str); 4] = [
    (
        "users",
        "username,email,full_name,bio,is_active,is_superuser",
    ),
    ("roles", "name,description,permissions"),
    ("posts", "title,slug,summary,content,status,author_id"),
    ("comments", "post_id,author_id,body"),
];

/// Returns a filter that excludes the rows that exist from the start.
fn built_in_excluded(resource: &str) -> &'static str {
    match resource {
        "users" => "username[ne]=root&",
        "roles" => "is_system=false&",
        _ => "",
    }
}

async fn fill(root: &Client) {
    for (name, bio) in [
        ("ada", Some("=1+1, \"quoted\"\r\n'")),
        ("bob", None),
        ("eve", Some("")),
    ] {
        let user = json!({
            "username": name, "email": format!("{name}@example.org"), "password": PASSWORD, "bio": bio,
            "is_active": name != "eve",
        });
        root.post("/users", user).await.expect_status(201);
    }
    for (name, permissions) in [
        ("none", json!([])),
        ("some", json!(["posts.*", "users.read"])),
    ] {
        let role = json!({ "name": name, "permissions": permissions });
        root.post("/roles", role).await.expect_status(201);
    }
    for (number, text) in ["-1", "''", "'@x", "é\u{2028}", "\ttab", "a\nb\r\nc"]
        .iter()
        .enumerate()
    {
        let status = ["draft", "published", "archived"][number % 3];
        let post = json!({
            "title": format!("+{text}."), "summary": text, "content": text, "status": status, "author_id": 2 + number % 3,
        });
        root.post("/posts", post).await.expect_status(201);
    }
    for (post, body) in [(2, "=HYPERLINK(1)"), (5, "null"), (2, " ")] {
        let comment = json!({ "post_id": post, "body": body, "author_id": 2 });
        root.post("/comments", comment).await.expect_status(201);
    }
}

/// Adds passwords to an export of users, because an import needs them.
fn with_passwords(format: &str, text: &str) -> String {
    if format == "ndjson" {
        let rows = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        return lines(rows.map(|mut row| {
            row["password"] = PASSWORD.into();
            row
        }));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (number, record) in reader.records().enumerate() {
        let mut record = record.unwrap();
        record.push_field(if number == 0 { "password" } else { PASSWORD });
        writer.write_record(&record).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

#[actix_web::test]
async fn an_imported_export_has_the_same_fields() {
    let source = TestApp::new().await;
    let root = source.superuser("root").await;
    fill(&root).await;

    for format in ["ndjson", "csv"] {
        let target = TestApp::new().await;
        let other = target.superuser("root").await;
        for (resource, fields) in FIELDS {
            let all = format!("/{resource}/export?{}sort=id", built_in_excluded(resource));
            let text = root
                .get(format!("{all}&format={format}"))
                .await
                .expect_status(200)
                .text;
            let text = match resource {
                "users" => with_passwords(format, &text),
                _ => text,
            };

            let path = format!("/{resource}/import?format={format}");
            let report = other.import(path, text).await.expect_status(200);

            let shown = format!("{all}&fields={fields}");
            let (before, after) = (rows(&root, &shown).await, rows(&other, &shown).await);
            assert_eq!(report.body["created"], before.len(), "{}", report.text);
            assert!(before.len() > 1, "{resource}");
            assert_eq!(before, after, "{resource} as {format}");
        }
    }
}
