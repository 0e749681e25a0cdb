//! Undeliverable e-mail addresses are refused wherever an address is set.
use kernel::{Actor, input::check};
use service::{
    identity::{Invitation, invite},
    users::NewUser,
};
use tests::{PASSWORD, Reply, TestApp, json};

const BAD: [&str; 10] = [
    "a..b@example.com",
    ".a@example.com",
    "a.@example.com",
    "a@[127.0.0.1]",
    "a@127.0.0.1",
    "a",
    "ä@example.com",
    "a@bücher.example",
    "\"a b\"@example.com",
    "a@example.com\nBcc: b@example.com",
];

fn refused(reply: Reply, at: &str) {
    reply
        .expect_problem(422, "validation_failed")
        .expect_error_at(at);
}

#[actix_web::test]
async fn an_undeliverable_address_is_422_wherever_it_is_set() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let anyone = app.anonymous();
    let long = format!("{}@example.com", "x".repeat(65));
    let longer = format!("{0}@{1}.{1}.{1}.{1}", "x".repeat(64), "y".repeat(60));

    for bad in BAD.into_iter().chain([&*long, &*longer]) {
        let user = json!({ "username": "new", "email": bad, "password": PASSWORD });
        let patch = json!({ "email": bad });
        let update = json!({ "op": "update", "id": ada.id, "data": patch });
        let create = json!({ "op": "create", "data": user });
        let bulk = json!({ "operations": [create, update] });
        let mine = json!({ "email": bad, "current_password": PASSWORD });
        let accept = json!({ "token": "none", "account": user });
        refused(anyone.post("/auth/register", user.clone()).await, "/email");
        refused(root.post("/users", user.clone()).await, "/email");
        let one = format!("/users/{}", ada.id);
        refused(root.patch(&one, patch.clone()).await, "/email");
        let reply = root.post("/users/bulk", bulk).await.expect_status(422);
        let both = ["/operations/0/data/email", "/operations/1/data/email"];
        assert_eq!(reply.places(), both, "{bad}");
        let reply = root.import("/users/import", user.to_string()).await;
        refused(reply, "/email");
        refused(ada.patch("/auth/me", mine).await, "/email");
        refused(anyone.post("/auth/password/forgot", patch).await, "/email");
        refused(
            anyone.post("/auth/invite/accept", accept).await,
            "/account/email",
        );
        let invitation = Invitation {
            is_superuser: false,
            email: Some(bad.to_owned()),
        };
        let operator = app.kernel.session(Actor::System);
        invite(&operator, &invitation).await.unwrap_err();
        // `atoll user create` makes the same check.
        let new = NewUser {
            username: "new".to_owned(),
            email: bad.to_owned(),
            password: PASSWORD.into(),
            ..NewUser::default()
        };
        check(&new).unwrap_err();
    }
    root.delete(format!("/users/{}", ada.id))
        .await
        .expect_status(204);
    for bad in BAD {
        let path = format!("/users/{}/restore", ada.id);
        refused(root.post(path, json!({ "email": bad })).await, "/email");
    }
}

#[actix_web::test]
async fn an_address_that_mail_reaches_is_taken() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let whole = format!("{}@{}.example.com", "x".repeat(64), "y".repeat(63));

    for (place, good) in [
        "o'brien+atoll@mail.example.com",
        "a@xn--bcher-kva.example",
        "a@localhost",
        &whole,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("new-{place}");
        let user = json!({ "username": name, "email": good, "password": PASSWORD });
        let made = root.post("/users", user).await.expect_status(201);
        assert_eq!(made.body["email"], good);
    }
}
