//! Users: their names, their limits, and what is private (contract §3).
mod addresses;
mod credentials;
mod deletion;
mod escalation;
mod taken;

use tests::{Client, PASSWORD, Reply, TestApp, json};

async fn create(root: &Client, username: &str, email: &str) -> Reply {
    let user = json!({ "username": username, "email": email, "password": PASSWORD });
    root.post("/users", user).await
}

fn url(client: &Client) -> String {
    format!("/users/{}", client.id)
}

#[actix_web::test]
async fn a_user_made_by_an_admin_is_a_member_who_can_sign_in() {
    let app = TestApp::new().await;
    let admin = app.admin("admin").await;

    let user = create(&admin, "ada", "ada@example.org")
        .await
        .expect_status(201);

    assert_eq!(user.body["roles"], json!(["member"]));
    assert_eq!(user.body["version"], 1);
    assert_eq!(user.body["is_active"], true);
    app.anonymous().login("ada", PASSWORD).await;
}

#[actix_web::test]
async fn names_and_addresses_are_unique_whatever_their_case() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    create(&root, "Ada", "Ada@Example.org")
        .await
        .expect_status(201);
    let bob = create(&root, "bob", "bob@example.org")
        .await
        .expect_status(201);

    for (username, email, at) in [
        ("aDA", "other@example.org", "/username"),
        ("other", "ada@EXAMPLE.ORG", "/email"),
    ] {
        create(&root, username, email)
            .await
            .expect_problem(409, "conflict")
            .expect_error_at(at);
        let account = json!({ "username": username, "email": email, "password": PASSWORD });
        let registered = app.anonymous().post("/auth/register", account).await;
        registered
            .expect_problem(409, "conflict")
            .expect_error_at(at);
    }
    for (field, value) in [("username", "ADA"), ("email", "ADA@example.org")] {
        let patched = root.patch(bob.url(), json!({ field: value })).await;
        patched
            .expect_problem(409, "conflict")
            .expect_error_at(&format!("/{field}"));
    }
    // Addresses that look alike are equal (NFKC).
    let lookalike = create(&root, "carl", "ｂob@example.org").await;
    assert!(matches!(lookalike.status, 409 | 422), "{}", lookalike.text);
    let own = root
        .patch(bob.url(), json!({ "username": "BOB" }))
        .await
        .expect_status(200);
    assert_eq!(
        (&own.body["username"], &own.body["version"]),
        (&json!("BOB"), &json!(2))
    );
}

#[actix_web::test]
async fn limits_are_those_of_the_contract() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let user = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let long_email = format!("{}@example.org", "a".repeat(244));
    let (long, over) = ("x".repeat(51), "𐍈".repeat(256));
    let bad = [
        ("username", "ab"),
        ("username", &long),
        ("username", "a b c"),
        ("username", "ädä"),
        ("username", "a@b"),
        ("username", "ada\n!"),
        ("email", "none"),
        ("email", ""),
        ("email", "a@b@c"),
        ("email", &long_email),
        ("full_name", &over),
        ("bio", &"𐍈".repeat(2_001)),
        ("password", &"𐍈".repeat(7)),
        ("password", &"x".repeat(129)),
    ];

    for (field, value) in bad {
        let mut user = user.clone();
        user[field] = value.into();
        root.post("/users", user)
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
    let letter = |place: u32| char::from_u32(0x1_0300 + place * place % 101).unwrap();
    let long: String = (0..128).map(letter).collect();
    let full = json!({
        "username": "x".repeat(50), "email": "y@example.org", "password": long,
        "full_name": "𐍈".repeat(255), "bio": "𐍈".repeat(2_000),
    });
    root.post("/users", full).await.expect_status(201);
    let nothing = root
        .post("/users", json!({}))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(nothing.places(), ["/email", "/password", "/username"]);
}

#[actix_web::test]
async fn null_clears_a_nullable_field_and_is_refused_elsewhere() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    root.patch(url(&root), json!({ "full_name": "Root", "bio": "…" }))
        .await
        .expect_status(200);

    let cleared = root
        .patch(url(&root), json!({ "full_name": null, "bio": null }))
        .await
        .expect_status(200);

    assert!(cleared.body["full_name"].is_null() && cleared.body["bio"].is_null());
    for field in ["username", "email", "is_active", "is_superuser"] {
        root.patch(url(&root), json!({ field: null }))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
}

#[actix_web::test]
async fn private_fields_are_for_the_user_and_for_those_who_read_users() {
    let app = TestApp::new().await;
    let (ada, bob, editor) = (
        app.member("ada").await,
        app.member("bob").await,
        app.editor("editor").await,
    );
    let private = ["email", "is_superuser", "roles", "last_login_at"];
    let public = [
        "id",
        "username",
        "full_name",
        "bio",
        "is_active",
        "created_at",
        "updated_at",
        "version",
    ];

    for (client, sees) in [
        (&app.anonymous(), false),
        (&bob, false),
        (&ada, true),
        (&editor, true),
    ] {
        let one = client.get(url(&ada)).await.expect_status(200).body;
        let list = client.get("/users?username=ada").await.body["data"][0].clone();
        for user in [one, list] {
            let members: Vec<_> = user
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let mut expected = if sees {
                [&public[..], &private[..]].concat()
            } else {
                public.to_vec()
            };
            expected.sort_unstable();
            assert_eq!(members, expected);
        }
    }
}
