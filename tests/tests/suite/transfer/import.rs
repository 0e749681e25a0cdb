//! Imports: which records are accepted, and which are refused with their line.
use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json};

/// Returns rows as NDJSON.
pub fn lines(rows: impl IntoIterator<Item = Value>) -> String {
    let lines: Vec<_> = rows.into_iter().map(|row| row.to_string()).collect();
    lines.join("\n") + "\n"
}

pub fn post(title: impl std::fmt::Display) -> Value {
    json!({ "title": title.to_string(), "content": "…" })
}

/// Returns the line and the pointer of each error.
pub fn errors(reply: &Reply) -> Vec<(u64, &str)> {
    let errors = reply.body["errors"].as_array().into_iter().flatten();
    let place = |error: &'_ Value| error["line"].as_u64().unwrap();
    errors
        .map(|error| (place(error), error["pointer"].as_str().unwrap()))
        .collect()
}

pub async fn total(client: &Client, path: &str) -> i64 {
    let sign = if path.contains('?') { '&' } else { '?' };
    let page = client.get(format!("{path}{sign}count=exact")).await;
    page.expect_status(200).body["page"]["total"]
        .as_i64()
        .unwrap()
}

#[actix_web::test]
async fn imported_rows_equal_posted_rows() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let published =
        json!({ "title": " Second ", "content": "…", "status": "published", "slug": "two" });

    let reply = ada
        .import("/posts/import", lines([post("First"), published]))
        .await;

    let expected = json!({
        "lines": 2, "created": 2, "refused": 0, "committed_lines": 2, "dry_run": false, "refused_lines": [],
        "errors": [],
    });
    assert_eq!(reply.expect_status(200).body, expected);
    let posts = ada.get("/posts?sort=id").await.body["data"].clone();
    let seen = |at: usize, name: &str| posts[at][name].clone();
    assert_eq!([seen(0, "slug"), seen(0, "status")], ["first", "draft"]);
    assert_eq!([seen(1, "title"), seen(1, "slug")], ["Second", "two"]);
    assert!(seen(1, "published_at").is_string());
    assert_eq!(
        [seen(0, "author_id"), seen(1, "version")],
        [json!(ada.id), json!(1)]
    );
    let history = ada.get("/posts/1/history").await.body["data"].clone();
    assert_eq!(history[0]["action"], "created");
    assert_eq!(history[0]["changes"]["title"]["to"], "First");
}

#[actix_web::test]
async fn imported_users_can_sign_in_with_their_password() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let bob = json!({ "username": "bob", "email": "bob@example.org", "password": PASSWORD });

    let reply = root
        .import("/users/import", lines([bob]))
        .await
        .expect_status(200);

    assert_eq!(reply.body["created"], 1);
    app.anonymous().login("bob", PASSWORD).await;
    let bob = root.get("/users?username=bob").await;
    assert_eq!(bob.body["data"][0]["roles"], json!(["member"]));
}

#[actix_web::test]
async fn errors_name_the_line_of_the_record() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    ada.post(
        "/posts",
        json!({ "title": "Taken", "content": "…", "slug": "taken" }),
    )
    .await
    .expect_status(201);
    let text = [
        r#"{"title":"Good","content":"…"}"#,
        "",
        r#"{"title":"","content":"…","status":"none"}"#,
        r#"{"title":"Slug","content":"…","slug":"taken"}"#,
        r#"{"title":"Mine","content":"…","slug":"mine"}"#,
        r#"{"title":"Mine too","content":"…","slug":"mine"}"#,
        "{",
        r#"{"title":"a","title":"b","content":"…"}"#,
        r#"{"title":"a","content":"…","no_such":1}"#,
        r#"{"title":1,"content":"…"}"#,
        r#"["Title","slug"]"#,
        r#"{"title":"a\u0000","content":"…"}"#,
        r#"{"title":"a","content":"…","author_id":4711}"#,
        r#"{"title":"Also good","content":"…"}"#,
    ]
    .join("\r\n");

    let reply = ada
        .import("/posts/import?on_error=skip", text)
        .await
        .expect_status(200);

    let expected = [
        (3, "/status"),
        (3, "/title"),
        (4, "/slug"),
        (6, "/slug"),
        (7, ""),
        (8, ""),
        (9, "/no_such"),
        (10, "/title"),
        (11, ""),
        (12, "/title"),
        (13, ""),
    ];
    let mut found = errors(&reply);
    found.sort_unstable();
    assert_eq!(found, expected, "{}", reply.text);
    let counts = ["lines", "created", "refused", "committed_lines"].map(|name| &reply.body[name]);
    assert_eq!(counts, [&json!(13), &json!(3), &json!(10), &json!(13)]);
    assert_eq!(total(&ada, "/posts").await, 4);
}

#[actix_web::test]
async fn a_line_that_is_not_utf_8_is_refused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let text = [
        b"\xef\xbb\xbf{\"title\":\"a\",\"content\":\"b\"}\n".as_slice(),
        b"{\"title\":\"\xff\",\"content\":\"b\"}\n",
        b"{\"title\":\"c\",\"content\":\"d\"}",
    ];

    let reply = ada
        .import("/posts/import?on_error=skip", text.concat())
        .await;

    let reply = reply.expect_status(200);
    assert_eq!(errors(&reply), [(2, "")]);
    assert_eq!(reply.body["created"], 2);
}

#[actix_web::test]
async fn a_unique_value_that_is_taken_is_named_by_its_line() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let user =
        |name: &str, email: &str| json!({ "username": name, "email": email, "password": PASSWORD });
    let users = [
        user("ROOT", "other@example.org"),
        user("bob", "bob@example.org"),
        user("eve", "BOB@example.org"),
    ];
    let role = |name: &str| json!({ "name": name, "permissions": [] });

    let users = root
        .import("/users/import?on_error=skip", lines(users))
        .await;
    let roles = root
        .import(
            "/roles/import?on_error=skip",
            lines([role("member"), role("new")]),
        )
        .await;

    assert_eq!(
        errors(&users.expect_status(200)),
        [(1, "/username"), (3, "/email")]
    );
    assert_eq!(errors(&roles.expect_status(200)), [(1, "/name")]);
    assert_eq!(total(&root, "/users").await, 2);
}

#[actix_web::test]
async fn imported_comments_need_a_visible_published_post() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let published = ada.publish("Hello").await.id();
    let draft = ada.post("/posts", post("Draft")).await.id();
    let on = |post: i64| json!({ "post_id": post, "body": "…" });

    let text = lines([on(published), on(draft), on(4711)]);
    let hers = ada
        .import("/comments/import?on_error=skip", text.clone())
        .await;
    let his = bob.import("/comments/import?on_error=skip", text).await;

    for reply in [&hers.expect_status(200), &his.expect_status(200)] {
        assert_eq!(
            errors(reply),
            [(2, "/post_id"), (3, "/post_id")],
            "{}",
            reply.text
        );
        assert_eq!(reply.body["created"], 1);
    }
}

#[actix_web::test]
async fn another_author_needs_the_full_permission() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    let hers = json!({ "title": "Hers", "content": "…", "author_id": ada.id });
    let his = json!({ "title": "His", "content": "…", "author_id": editor.id });

    let refused = ada
        .import("/posts/import", lines([hers.clone(), his.clone()]))
        .await;
    let taken = editor.import("/posts/import", lines([hers, his])).await;

    let refused = refused.expect_problem(422, "validation_failed");
    assert_eq!(errors(&refused), [(2, "")]);
    assert_eq!(refused.body["errors"][0]["code"], "forbidden");
    assert_eq!(taken.expect_status(200).body["created"], 2);
}

#[actix_web::test]
async fn a_role_with_a_permission_that_the_caller_lacks_is_not_imported() {
    let app = TestApp::new().await;
    let may = app
        .with_permissions("eve", &["roles.create", "posts.read"])
        .await;
    let role = |permission: &str| json!({ "name": permission.replace('.', "-"), "permissions": [permission] });

    let text = lines([role("posts.read"), role("posts.purge")]);
    let reply = may
        .import("/roles/import?on_error=skip", text)
        .await
        .expect_status(200);

    assert_eq!(errors(&reply), [(2, "")]);
    assert_eq!(reply.body["created"], 1);
}

#[actix_web::test]
async fn only_the_first_hundred_errors_are_reported() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let reply = ada
        .import("/posts/import?on_error=skip", "{\n".repeat(150))
        .await;

    let reply = reply.expect_status(200);
    assert_eq!(errors(&reply).len(), 100);
    assert_eq!(reply.body["refused"], 150);
    // Each refused record can be found in the file nevertheless.
    let lines: Vec<_> = (1..=150).collect();
    assert_eq!(reply.body["refused_lines"], json!(lines));
}

#[actix_web::test]
async fn a_dry_run_names_the_lines_of_refused_records() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let text = lines([post("One"), json!({ "title": "" }), post("Two"), json!([])]);

    let reply = ada
        .import("/posts/import?on_error=skip&dry_run=true", text)
        .await;

    let report = reply.expect_status(200).body;
    assert_eq!(report["refused_lines"], json!([2, 4]));
    assert_eq!(report["committed_lines"], 0);
    assert_eq!(total(&ada, "/posts").await, 0);
}

#[actix_web::test]
async fn a_report_names_a_bounded_number_of_lines() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let reply = ada
        .import("/posts/import?on_error=skip", "{\n".repeat(10_005))
        .await;

    let report = reply.expect_status(200).body;
    assert_eq!(report["refused"], 10_005);
    assert_eq!(report["refused_lines"].as_array().unwrap().len(), 10_000);
}

#[actix_web::test]
async fn an_empty_import_succeeds() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let ndjson = ada.import("/posts/import", "").await.expect_status(200);
    let csv = ada
        .import("/posts/import?format=csv", "title,content\r\n")
        .await
        .expect_status(200);

    assert_eq!([&ndjson.body["lines"], &csv.body["lines"]], [0, 0]);
}

#[actix_web::test]
async fn an_import_takes_no_idempotency_key() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for _ in 0..2 {
        let request = ada.request(reqwest::Method::POST, "/posts/import");
        let request = request
            .header("content-type", "application/x-ndjson")
            .header("idempotency-key", "one");
        Reply::send(request.body(lines([post("Hello")])))
            .await
            .expect_status(200);
    }

    assert_eq!(total(&ada, "/posts").await, 2);
}
