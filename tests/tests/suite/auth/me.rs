//! The caller's own account (contract §9).
use tests::{TestApp, json};

#[actix_web::test]
async fn me_is_the_user_with_all_that_they_may_do() {
    let app = TestApp::new().await;
    let (ada, editor, root) = (
        app.member("ada").await,
        app.editor("editor").await,
        app.superuser("root").await,
    );

    for client in [&ada, &editor, &root] {
        let mut me = client.get("/auth/me").await.expect_status(200).body;
        let more = me.as_object_mut().unwrap();
        let permissions = more.remove("permissions").unwrap();
        assert_eq!(more.remove("has_totp").unwrap(), false);
        assert_eq!(more.remove("email_verified"), Some(false.into()));
        assert_eq!(more.remove("pending_email"), Some(json!(null)));

        assert_eq!(me, client.get(format!("/users/{}", client.id)).await.body);
        let permissions: Vec<_> = permissions
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p.as_str().unwrap())
            .collect();
        assert!(permissions.is_sorted());
        let has_all = permissions.contains(&"posts.*") && permissions.contains(&"posts.create.own");
        match client.id {
            id if id == root.id => assert_eq!(permissions, ["*"]),
            id if id == editor.id => assert!(has_all, "{permissions:?}"),
            _ => assert!(
                permissions.iter().all(|p| p.contains(".own")),
                "{permissions:?}"
            ),
        }
    }
}

#[actix_web::test]
async fn one_changes_ones_own_account_by_the_same_rules() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    app.user("bob", false, &[]).await;

    let patch = json!({ "full_name": "Ada L.", "username": "ada.l" });
    let me = ada.patch("/auth/me", patch).await.expect_status(200);

    assert_eq!(
        (&me.body["username"], &me.body["version"]),
        (&json!("ada.l"), &json!(2))
    );
    assert!(me.body["permissions"].is_array());
    for (field, value) in [("is_active", false), ("is_superuser", true)] {
        ada.patch("/auth/me", json!({ field: value }))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
    ada.patch("/auth/me", json!({ "username": "BOB" }))
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/username");
}

#[actix_web::test]
async fn a_user_without_the_permission_cannot_change_their_own_account() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let member = root.get("/roles?name=member").await.ids()[0];

    root.delete(format!("/users/{}/roles/{member}", ada.id))
        .await
        .expect_status(204);

    for body in [json!({ "bio": "…" }), json!([])] {
        ada.patch("/auth/me", body.clone())
            .await
            .expect_problem(403, "forbidden");
        ada.patch(format!("/users/{}", ada.id), body)
            .await
            .expect_problem(403, "forbidden");
    }
    let me = ada.get("/auth/me").await.expect_status(200);
    assert_eq!(
        (&me.body["permissions"], &me.body["email"]),
        (&json!([]), &json!("ada@example.org"))
    );
}
