//! The number of statements of a request does not depend on the number of rows.
mod on_postgres;

use tests::{Backend, Client, TestApp, json};

/// Returns the statements of a GET request.
async fn statements_of(app: &TestApp, client: &Client, path: &str) -> Vec<String> {
    app.statements.take();
    client.get(path).await.expect_status(200);
    app.statements.take()
}

#[actix_web::test]
async fn a_list_of_a_hundred_posts_is_one_statement_and_its_total_another() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for number in 0..100 {
        ada.publish(&format!("Post {number}")).await;
    }
    let nobody = app.anonymous();
    assert_eq!(nobody.get("/posts?limit=100").await.ids().len(), 100);

    let plain = statements_of(
        &app,
        &nobody,
        "/posts?limit=100&sort=-title&status=published",
    )
    .await;
    let counted = statements_of(&app, &nobody, "/posts?limit=100&count=exact").await;

    assert_eq!(plain.len(), 1, "{plain:#?}");
    assert_eq!(counted.len(), 2, "{counted:#?}");
}

#[actix_web::test]
async fn a_single_row_is_one_statement_for_anybody() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let comment = ada.comment(post.id(), "…").await;
    let user = format!("/users/{}", ada.id);

    for path in [post.url(), comment.url(), &user] {
        let statements = statements_of(&app, &app.anonymous(), path).await;

        assert_eq!(statements.len(), 1, "{path}: {statements:#?}");
    }
}

#[actix_web::test]
async fn being_signed_in_costs_one_statement() {
    let app = TestApp::new().await;
    let post = app.member("ada").await.publish("Hello").await;
    let clients = [
        app.member("member").await,
        app.editor("editor").await,
        app.admin("admin").await,
        app.superuser("root").await,
    ];

    for path in [post.url(), "/posts?limit=100", "/comments?count=exact"] {
        let anonymous = statements_of(&app, &app.anonymous(), path).await.len();
        for client in &clients {
            let statements = statements_of(&app, client, path).await;

            assert_eq!(statements.len(), anonymous + 1, "{path}: {statements:#?}");
        }
    }
}

#[actix_web::test]
async fn a_new_post_costs_one_statement_on_postgres_and_otherwise_a_read_and_two_inserts() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    app.statements.take();

    ada.publish("Hello").await;

    let statements = app.statements.take();
    if Backend::current().is_postgres() {
        let [auth, all] = statements.as_slice() else {
            panic!("{statements:#?}");
        };
        assert!(auth.contains(r#""sessions""#), "{auth}");
        assert!(all.contains("FOR SHARE"), "{all}");
        for table in ["posts", "posts_search", "audit_entries"] {
            let insert = format!(r#"INSERT INTO "{table}""#);
            assert!(all.contains(&insert), "{all}");
        }
        return;
    }
    let [auth, lock, insert, audit] = statements.as_slice() else {
        panic!("{statements:#?}");
    };
    assert!(auth.contains(r#""sessions""#), "{auth}");
    assert!(
        lock.starts_with("SELECT") && lock.contains(r#"FROM "users""#),
        "{lock}"
    );
    assert!(insert.starts_with(r#"INSERT INTO "posts""#), "{insert}");
    // The words come first, in the same statement.
    let (words, entry) = audit.split_once("INSERT INTO audit_entries").unwrap();
    assert!(words.contains("posts_search"), "{words}");
    assert!(entry.contains("salt"), "{entry}");
}

#[actix_web::test]
async fn a_title_that_is_taken_costs_one_more_insert_however_often() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let mut costs = Vec::new();

    for _ in 0..40 {
        app.statements.take();
        ada.publish("Hello").await;
        costs.push(app.statements.take().len());
    }

    let usual = if Backend::current().is_postgres() {
        2
    } else {
        4
    };
    assert_eq!((costs[0], &costs[1..]), (usual, &[usual + 1; 39][..]));
}

#[actix_web::test]
async fn a_new_comment_costs_one_locking_read_per_parent_and_two_inserts() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await.id();
    app.statements.take();

    ada.comment(post, "…").await;

    let statements = app.statements.take();
    assert_eq!(statements.len(), 5, "{statements:#?}");
}

#[actix_web::test]
async fn the_cost_of_a_list_of_users_does_not_grow_with_its_rows() {
    let app = TestApp::new().await;
    let admin = app.admin("admin").await;
    for number in 0..99 {
        app.user(&format!("user-{number}"), false, &["editor"])
            .await;
    }

    let mut costs = Vec::new();
    for limit in [1, 10, 100] {
        let path = format!("/users?limit={limit}");
        assert_eq!(admin.get(&path).await.ids().len(), limit);
        costs.push(statements_of(&app, &admin, &path).await.len());
    }

    // One statement each for the caller, the users, their roles and their last sign-ins.
    assert_eq!(costs, [4, 4, 4]);
}

#[actix_web::test]
async fn the_cost_of_a_deletion_does_not_grow_with_its_rows() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let (small, large) = (ada.publish("Small").await, ada.publish("Large").await);
    for number in 0..30 {
        ada.comment(large.id(), &format!("{number}")).await;
    }

    let mut costs = Vec::new();
    for post in [&small, &large] {
        app.statements.take();
        ada.delete(post.url()).await.expect_status(204);
        let deletion = app.statements.take().len();
        let restored = ada.post(format!("{}/restore", post.url()), json!({})).await;
        restored.expect_status(200);
        costs.push((deletion, app.statements.take().len()));
    }

    assert_eq!(costs[0], costs[1]);
}
