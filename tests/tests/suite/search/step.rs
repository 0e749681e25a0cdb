//! The search index follows every write.
use tests::{TestApp, json};

use super::{find, post, url};

#[actix_web::test]
async fn a_changed_row_is_found_by_its_new_words_only() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = post(&ada, "Comet", "tail", "nucleus").await;
    let patch = async |patch| {
        let path = format!("/posts/{post}");
        ada.patch(path, patch).await.expect_status(200);
    };

    patch(json!({ "title": "Planet" })).await;
    assert!(find(&ada, "posts", "comet").await.is_empty());
    assert_eq!(find(&ada, "posts", "planet tail nucleus").await, [post]);

    patch(json!({ "summary": null, "content": "core" })).await;
    for old in ["tail", "nucleus"] {
        assert!(find(&ada, "posts", old).await.is_empty(), "{old}");
    }
    assert_eq!(find(&ada, "posts", "planet core").await, [post]);

    patch(json!({ "summary": "ring", "status": "archived" })).await;
    patch(json!({ "status": "published" })).await;
    assert_eq!(find(&ada, "posts", "planet ring core").await, [post]);
}

#[actix_web::test]
async fn a_user_is_found_by_their_present_name() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    assert_eq!(find(&ada, "users", "ada").await, [ada.id]);

    let names = json!({ "username": "countess", "full_name": "Ada King" });
    ada.patch("/auth/me", names).await.expect_status(200);

    for q in ["countess", "ada", "king"] {
        assert_eq!(find(&ada, "users", q).await, [ada.id], "{q}");
    }
    ada.patch("/auth/me", json!({ "full_name": null }))
        .await
        .expect_status(200);
    assert!(find(&ada, "users", "ada").await.is_empty());
}

#[actix_web::test]
async fn a_purged_row_leaves_no_words_in_the_index() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let first = post(&ada, "Comet", "", "…").await;
    let second = post(&root, "Comet", "", "…").await;

    // The user's own posts go with them.
    let user = format!("/users/{}", ada.id);
    root.delete(&user).await.expect_status(204);
    let trash = url("posts", "comet") + "&deleted=only";
    assert_eq!(root.get(&trash).await.ids(), [first]);
    root.act(format!("{user}/purge")).await.expect_status(204);

    assert!(root.get(&trash).await.ids().is_empty());
    assert_eq!(find(&root, "posts", "comet").await, [second]);
    let everybody = url("users", "ada") + "&deleted=include&count=exact";
    assert_eq!(root.get(everybody).await.body["page"]["total"], 0);
}

#[actix_web::test]
async fn a_row_is_found_after_every_kind_of_write() {
    let app = TestApp::new().await;
    let editor = app.admin("editor").await;
    let old = post(&editor, "Comet", "", "…").await;
    let operations = json!({ "operations": [
        { "op": "create", "data": { "title": "Bulk one", "content": "Planet", "status": "published" } },
        { "op": "create", "data": { "title": "Bulk two", "content": "Planet", "status": "published" } },
        { "op": "update", "id": old, "data": { "title": "Asteroid" } },
    ] });
    let bulk = editor.post("/posts/bulk", operations).await;
    bulk.expect_status(200);
    let lines = "{\"title\":\"Imported\",\"content\":\"Moon\",\"status\":\"published\"}\n";
    let import = editor.import("/posts/import?format=ndjson", lines).await;
    import.expect_status(200);

    assert_eq!(find(&editor, "posts", "bulk planet").await.len(), 2);
    assert_eq!(find(&editor, "posts", "imported moon").await.len(), 1);
    assert_eq!(find(&editor, "posts", "asteroid").await, [old]);
    assert!(find(&editor, "posts", "comet").await.is_empty());
    let url = format!("/posts/{old}");
    let revert = editor.post(format!("{url}/revert"), json!({ "version": 1 }));
    revert.await.expect_status(200);
    assert_eq!(find(&editor, "posts", "comet").await, [old]);
    editor.delete(&url).await.expect_status(204);
    let restore = editor.post(format!("{url}/restore"), json!({ "title": "Meteor" }));
    restore.await.expect_status(200);
    assert_eq!(find(&editor, "posts", "meteor").await, [old]);
    assert!(find(&editor, "posts", "comet").await.is_empty());
}

#[actix_web::test]
async fn seeded_rows_are_found() {
    let service = tests::Service::new().await;
    let amounts = service::seed::Amounts {
        users: 3,
        posts: 4,
        comments: 0,
    };
    service::seed::seed(&service.session(), amounts, None, |_| {})
        .await
        .unwrap();

    for table in ["users", "posts"] {
        let rows =
            tests::sql::number(&service.kernel, &format!("SELECT count(*) FROM {table}")).await;
        let indexed = format!("SELECT count(*) FROM {table}_search");
        let indexed = tests::sql::number(&service.kernel, &indexed).await;
        assert_eq!(indexed, rows, "{table}");
    }
}
