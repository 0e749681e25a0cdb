//! A refusal names both the user name and the address if both are taken.
use tests::{PASSWORD, TestApp, json};

#[actix_web::test]
async fn a_name_and_an_address_that_are_taken_are_reported_together() {
    let app = TestApp::new().await;
    let (root, ada) = (
        app.superuser("root").await,
        app.user("ada", false, &[]).await,
    );
    let bob = app.member("bob").await;
    let both = json!({ "username": "ADA", "email": "Ada@example.org" });
    let mut user = both.clone();
    user["password"] = json!(PASSWORD);
    let create = json!({ "op": "create", "data": user });
    let update = json!({ "op": "update", "id": bob.id, "data": both });

    for reply in [
        app.anonymous().post("/auth/register", user.clone()).await,
        root.post("/users", user.clone()).await,
        root.patch(format!("/users/{}", bob.id), both.clone()).await,
    ] {
        let reply = reply.expect_problem(409, "conflict");
        assert_eq!(reply.places(), ["/email", "/username"], "{}", reply.text);
    }
    for operation in [create, update] {
        let bulk = json!({ "operations": [operation] });
        let reply = root.post("/users/bulk", bulk).await.expect_status(409);
        let places = ["/operations/0/data/email", "/operations/0/data/username"];
        assert_eq!(reply.places(), places, "{}", reply.text);
    }
    let reply = root.import("/users/import", user.to_string()).await;
    assert_eq!(reply.places(), ["/email", "/username"], "{}", reply.text);

    // A single conflict is reported alone, and the user's own values do not conflict.
    for (field, value) in [("username", "ada"), ("email", "ada@example.org")] {
        let mut user =
            json!({ "username": "new", "email": "new@example.org", "password": PASSWORD });
        user[field] = json!(value);
        let reply = root.post("/users", user).await.expect_status(409);
        assert_eq!(reply.places(), [format!("/{field}")]);
        let mut patch = json!({ "username": "bob", "email": "bobby@example.org" });
        patch[field] = json!(value);
        let path = format!("/users/{}", bob.id);
        let reply = root.patch(path, patch).await.expect_status(409);
        assert_eq!(reply.places(), [format!("/{field}")]);
    }
    let own = json!({ "username": "Ada", "email": "ADA@example.org" });
    root.patch(format!("/users/{ada}"), own)
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_restore_reports_both_too() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let gone = app.user("ada", false, &[]).await;
    root.delete(format!("/users/{gone}"))
        .await
        .expect_status(204);
    app.user("ada", false, &[]).await;
    let path = format!("/users/{gone}/restore");

    let reply = root.act(&path).await.expect_problem(409, "conflict");

    assert_eq!(reply.places(), ["/email", "/username"], "{}", reply.text);
    let half = root.post(&path, json!({ "username": "ada2" })).await;
    assert_eq!(half.expect_status(409).places(), ["/email"]);
    let other = json!({ "username": "ada2", "email": "ada2@example.org" });
    root.post(&path, other).await.expect_status(200);
}

/// With mail, only the owner of an address learns that it is taken.
#[actix_web::test]
async fn registering_by_mail_reports_the_name_alone() {
    let letters = tests::mail::Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    let both = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });

    let reply = app.anonymous().post("/auth/register", both).await;

    assert_eq!(reply.expect_status(409).places(), ["/username"]);
}
