//! Assigning roles to users and removing them.
use tests::{Client, TestApp, json};

async fn role(root: &Client, name: &str) -> i64 {
    root.get(format!("/roles?name={name}")).await.ids()[0]
}

#[actix_web::test]
async fn an_assignment_is_idempotent_and_changes_the_user_once() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = app.user("ada", false, &[]).await;
    let path = format!("/users/{ada}/roles/{}", role(&root, "editor").await);
    let user = async || {
        let user = root.get(format!("/users/{ada}")).await.expect_status(200);
        (user.body["roles"].clone(), user.body["version"].clone())
    };
    assert_eq!(user().await, (json!(["member"]), json!(1)));

    for _ in 0..2 {
        root.put(&path).await.expect_status(204);
        assert_eq!(user().await, (json!(["editor", "member"]), json!(2)));
    }
    for _ in 0..2 {
        root.delete(&path).await.expect_status(204);
        assert_eq!(user().await, (json!(["member"]), json!(3)));
    }
}

#[actix_web::test]
async fn a_role_takes_effect_with_the_next_request() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let draft = root
        .post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await;
    let path = format!("/users/{}/roles/{}", ada.id, role(&root, "editor").await);

    root.put(&path).await.expect_status(204);
    ada.get(draft.url()).await.expect_status(200);

    root.delete(&path).await.expect_status(204);
    ada.get(draft.url()).await.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn the_member_role_can_be_removed() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let path = format!("/users/{}/roles/{}", ada.id, role(&root, "member").await);

    root.delete(path).await.expect_status(204);

    let post = ada
        .post("/posts", json!({ "title": "Hello", "content": "…" }))
        .await;
    post.expect_problem(403, "forbidden");
    ada.get("/posts").await.expect_status(200);
}

#[actix_web::test]
async fn neither_a_deleted_role_nor_a_deleted_user_is_assigned() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let gone = app.user("gone", false, &[]).await;
    let ada = app.user("ada", false, &[]).await;
    root.delete(format!("/users/{gone}"))
        .await
        .expect_status(204);
    let deleted = root
        .post("/roles", json!({ "name": "deleted" }))
        .await
        .expect_status(201);
    root.delete(deleted.url()).await.expect_status(204);
    let editor = role(&root, "editor").await;

    for (user, role) in [
        (gone, editor),
        (4711, editor),
        (ada, deleted.id()),
        (ada, 4711),
    ] {
        let path = format!("/users/{user}/roles/{role}");
        root.put(&path).await.expect_problem(404, "not_found");
        root.delete(&path).await.expect_problem(404, "not_found");
    }
}

#[actix_web::test]
async fn the_roles_of_a_user_are_listed_for_them_and_for_readers_of_users() {
    let app = TestApp::new().await;
    let (ada, editor, root) = (
        app.member("ada").await,
        app.editor("editor").await,
        app.superuser("root").await,
    );
    root.put(format!(
        "/users/{}/roles/{}",
        ada.id,
        role(&root, "editor").await
    ))
    .await
    .expect_status(204);
    let path = format!("/users/{}/roles?sort=name&count=exact", ada.id);

    for client in [&ada, &editor, &root] {
        let page = client.get(&path).await.expect_status(200);

        let names: Vec<_> = page.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|role| &role["name"])
            .collect();
        assert_eq!(names, ["editor", "member"]);
        assert_eq!(page.body["page"]["total"], 2);
    }
    let other = app.member("bob").await.get(&path).await;
    other.expect_problem(403, "forbidden");
}
