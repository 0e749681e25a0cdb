//! `GET /auth/explain` names the rule that decides (contract §10). That it never differs from what happens is shown by
//! the whole table of `permissions.rs`.
use serde_json::Value;
use service::identity::Registration;
use tests::{Client, TestApp, json};

async fn explain(root: &Client, user: i64, request: &str) -> Value {
    let (method, path) = request.split_once(' ').unwrap();
    let question = format!("/auth/explain?method={method}&path=/api/v1{path}&user_id={user}");
    root.get(question).await.expect_status(200).body
}

#[actix_web::test]
async fn an_allowed_request_names_the_permission_and_the_role_that_gives_it() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let post = ada.publish("Hers").await.id();

    let said = explain(&root, ada.id, &format!("PATCH /posts/{post}")).await;

    assert_eq!(
        said,
        json!({
            "allowed": true, "status": null, "rule": "permission",
            "reason": "allowed by posts.update.own (from the role member)",
            "held": [{ "permission": "posts.update.own", "roles": ["member"] }],
            "missing": [],
        })
    );
}

#[actix_web::test]
async fn a_refused_request_names_the_missing_permission_and_close_ones() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let bob = app.member("bob").await;
    let post = ada.publish("Hers").await.id();

    let said = explain(&root, bob.id, &format!("PATCH /posts/{post}")).await;

    assert_eq!(
        said,
        json!({
            "allowed": false, "status": 403, "rule": "permission",
            "reason": "posts.update.own (from the role member) does not apply to this row; the user needs posts.update (from the roles admin, editor)",
            "held": [{ "permission": "posts.update.own", "roles": ["member"] }],
            "missing": [{ "permission": "posts.update", "roles": ["admin", "editor"] }],
        })
    );
}

#[actix_web::test]
async fn a_change_of_a_hidden_row_needs_more_than_one_permission() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let bob = app.member("bob").await;
    let draft = json!({ "title": "Hers", "content": "…" });
    let draft = ada.post("/posts", draft).await.expect_status(201).id();

    let said = explain(&root, bob.id, &format!("DELETE /posts/{draft}")).await;

    assert_eq!(
        (&said["status"], &said["rule"]),
        (&json!(404), &json!("permission"))
    );
    let missing: Vec<_> = said["missing"].as_array().unwrap().iter().collect();
    let names: Vec<_> = missing.iter().map(|one| &one["permission"]).collect();
    assert_eq!(names, ["posts.delete", "posts.read"]);
}

#[actix_web::test]
async fn rules_other_than_permissions_are_named() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let (bob, admin) = (app.member("bob").await, app.admin("admin").await);
    let post = ada.publish("Hers").await.id();
    let comment = bob.comment(post, "…").await.id();
    let gone = app.member("gone").await;
    root.delete(format!("/users/{}", gone.id))
        .await
        .expect_status(204);
    let nobody_gives = json!({ "permissions": [] });
    let cases = [
        (ada.id, format!("GET /posts/{post}"), "public"),
        (ada.id, "GET /auth/me".to_owned(), "signed_in"),
        (ada.id, format!("DELETE /comments/{comment}"), "owner"),
        (root.id, format!("DELETE /comments/{comment}"), "superuser"),
        (admin.id, format!("PATCH /users/{}", root.id), "superuser"),
        (gone.id, format!("GET /posts/{post}"), "account"),
        (root.id, "GET /posts/999".to_owned(), "nobody"),
        (ada.id, "GET /posts/999".to_owned(), "nobody"),
    ];

    for (user, request, rule) in cases {
        let said = explain(&root, user, &request).await;
        assert_eq!(said["rule"], rule, "{request} by {user}: {said}");
    }

    let admins = root.get("/roles?name=admin").await.ids()[0];
    root.delete(format!("/users/{}/roles/{admins}", admin.id))
        .await
        .expect_status(204);
    for role in root.get("/roles?is_system=false").await.ids() {
        root.patch(format!("/roles/{role}"), nobody_gives.clone())
            .await
            .expect_status(200);
    }
    let patch = json!({ "permissions": ["users.read"] });
    root.patch(format!("/roles/{admins}"), patch)
        .await
        .expect_status(200);
    let said = explain(&root, ada.id, "GET /audit").await;
    assert_eq!(said["reason"], "the user needs audit.read (no role has it)");
}

#[actix_web::test]
async fn a_request_that_the_configuration_forbids_is_explained() {
    let app = TestApp::with(|with| with.service.auth.registration = Registration::Closed).await;
    let root = app.superuser("root").await;

    let said = explain(&root, root.id, "POST /auth/register").await;

    assert_eq!(
        (&said["status"], &said["rule"]),
        (&json!(403), &json!("nobody"))
    );
    assert!(
        said["reason"].as_str().unwrap().contains("closed"),
        "{said}"
    );
}

#[actix_web::test]
async fn explain_answers_401_for_an_anonymous_caller() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    let question = "/auth/explain?method=GET&path=/api/v1/auth/me";
    let said = root.get(question).await.expect_status(200).body;

    assert_eq!(
        (&said["status"], &said["rule"]),
        (&json!(401), &json!("signed_in"))
    );
}

#[actix_web::test]
async fn a_question_about_an_unknown_route_or_row_is_refused() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let cases = [
        ("", "method"),
        ("method=GET", "path"),
        ("method=GET&path=/api/v1/nothing", "path"),
        ("method=GET&path=/api/v1/posts/", "path"),
        ("method=GET&path=/api/v1/posts?deleted=only", "path"),
        ("method=GET&path=/api/v1/posts/x", "path"),
        ("method=PUT&path=/api/v1/posts", "method"),
        ("method=%20&path=/api/v1/posts", "method"),
        ("method=GET&path=/api/v1/posts&user_id=0", "user_id"),
        ("method=GET&path=/api/v1/posts&user_id=999", "user_id"),
        ("method=GET&path=/api/v1/posts&more=1", "more"),
    ];

    for (query, parameter) in cases {
        let reply = root
            .get(format!("/auth/explain?{query}"))
            .await
            .expect_status(400);
        assert_eq!(
            reply.body["errors"][0]["parameter"], parameter,
            "{query}: {}",
            reply.text
        );
    }
}

/// There are two states of an account in which its user can sign in, but has no permissions.
#[actix_web::test]
async fn an_account_that_must_act_first_is_told_so() {
    let app = TestApp::with(|knobs| {
        knobs.service.auth.require_totp_for = vec!["editor".to_owned()];
        knobs.service.auth.require_verified_email = true;
    });
    let app = app.await;
    let asker = app.with_permissions("asker", &["system.read"]).await;
    let (ada, eve) = (
        app.user("ada", false, &[]).await,
        app.user("eve", false, &["editor"]).await,
    );

    for (user, request, allowed) in [
        (ada, "GET /posts", true),
        (ada, "POST /posts", false),
        (ada, "PATCH /auth/me", true),
        (eve, "GET /posts", false),
        (eve, "POST /auth/totp", true),
    ] {
        let said = explain(&asker, user, request).await;

        assert_eq!(said["allowed"], allowed, "{request}: {said}");
        if !allowed {
            assert_eq!(
                (&said["rule"], &said["status"]),
                (&json!("account"), &json!(403))
            );
        }
    }
}
