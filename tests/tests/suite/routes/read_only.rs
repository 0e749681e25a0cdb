//! In read-only mode every route that reads answers as before, and every write is refused.
use std::collections::BTreeMap;

use kernel::error::ReadOnly;
use reqwest::Method;
use tests::TestApp;

use super::{all_routes, call};

/// The routes that work in every mode in spite of their method: one reads, and the other ends the mode.
const EXEMPT: [(&str, &str); 2] = [
    ("POST", "/auth/one-time-tokens/check"),
    ("PUT", "/system/mode"),
];

/// Returns the statements so far that would change a row, or begin a transaction that could.
fn writes(app: &TestApp) -> Vec<String> {
    let mut all = app.statements.take();
    let is_read = |sql: &String| sql.starts_with("SELECT") || sql.starts_with("PRAGMA");
    all.retain(|sql| !is_read(sql));
    all
}

#[actix_web::test]
async fn every_write_is_refused_and_changes_nothing() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    root.comment(root.publish("Hello").await.id(), "Hello")
        .await;
    let reads = || {
        all_routes()
            .into_iter()
            .filter(|(method, _)| *method == Method::GET)
    };
    let mut before = BTreeMap::new();
    for (method, path) in reads() {
        before.insert(path.clone(), call(&root, &method, &path).await.status);
    }

    app.kernel.database.set_read_only(ReadOnly::Signalled, true);
    app.statements.take();
    for (method, path) in reads() {
        let status = call(&root, &method, &path).await.status;
        assert_eq!(Some(&status), before.get(&path), "GET {path}");
    }
    let mut refused = 0;
    for (method, path) in all_routes() {
        let is_exempt = EXEMPT.contains(&(method.as_str(), &path));
        if method == Method::GET || is_exempt {
            continue;
        }
        let reply = call(&root, &method, &path).await;
        assert_eq!(
            (reply.status, &reply.body["code"]),
            (503, &"read_only".into()),
            "{method} {path}: {}. A route that writes nothing in spite of its method is declared with Route::in_every_mode",
            reply.text
        );
        assert!(
            !reply.headers.contains_key("retry-after"),
            "{method} {path}"
        );
        refused += 1;
    }

    assert_eq!(writes(&app), Vec::<String>::new());
    assert!(refused > 50, "{refused}");
    app.kernel
        .database
        .set_read_only(ReadOnly::Signalled, false);
    let body = tests::json!({ "title": "Back", "content": "…" });
    root.post("/posts", body).await.expect_status(201);
    assert_ne!(writes(&app), Vec::<String>::new());
}

/// The permission decides before the mode, so that the answer tells nobody more than otherwise.
#[actix_web::test]
async fn callers_without_permission_are_told_so_first() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    app.kernel.database.set_read_only(ReadOnly::Signalled, true);

    let role = tests::json!({ "name": "new", "permissions": [] });
    app.anonymous()
        .post("/roles", role.clone())
        .await
        .expect_problem(401, "unauthenticated");
    ada.post("/roles", role)
        .await
        .expect_problem(403, "forbidden");
}
