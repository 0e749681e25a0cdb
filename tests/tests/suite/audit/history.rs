//! The content of audit entries, and who may read them.
use kernel::{Actor, CrudOperations, Error};
use reqwest::Method;
use sea_orm::ConnectionTrait;
use service::{Posts, posts::NewPost};
use tests::{PASSWORD, Reply, TestApp, json};

use super::{actions, entries, history};

#[actix_web::test]
async fn a_history_names_the_actor_the_action_and_the_time() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    let post = ada.publish("Hello").await;
    let patch = editor
        .request(Method::PATCH, post.url())
        .header("X-Request-Id", "from-the-editor");
    let patched =
        Reply::send(patch.json(&json!({ "title": "Hi", "content": "New.", "summary": "Short" })))
            .await;

    let history = history(&ada, post.url()).await;

    assert_eq!(actions(&history), ["created", "updated"]);
    let [created, updated] = history.as_slice() else {
        panic!("{history:?}")
    };
    assert_eq!(created["actor_id"], ada.id);
    assert_eq!(
        created["changes"]["title"],
        json!({ "from": null, "to": "Hello" })
    );
    assert_eq!(
        created["changes"]["content"],
        json!({ "from": null, "to": "About Hello." })
    );
    assert_eq!(
        (&updated["actor_id"], &updated["request_id"]),
        (&json!(editor.id), &json!("from-the-editor"))
    );
    assert_eq!(
        (
            &updated["version"],
            &updated["resource"],
            &updated["resource_id"]
        ),
        (&json!(2), &json!("posts"), &json!(post.id()))
    );
    let changes = json!({
        "title": { "from": "Hello", "to": "Hi" },
        "content": { "from": "About Hello.", "to": "New." },
        "summary": { "from": null, "to": "Short" },
    });
    assert_eq!(updated["changes"], changes);
    assert_eq!(patched.body["version"], 2);
}

#[actix_web::test]
async fn a_change_without_effect_and_a_refused_one_leave_no_entry() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    ada.patch(post.url(), json!({ "title": "Hello" }))
        .await
        .expect_status(200);
    ada.patch(post.url(), json!({ "title": " " }))
        .await
        .expect_status(422);
    let system = app.kernel.session(Actor::System);
    let rolled_back = system.write(async |tx| {
        let new = NewPost {
            title: "Gone".to_owned(),
            content: "…".to_owned(),
            author_id: Some(ada.id),
            ..NewPost::default()
        };
        Posts::create(tx, &new).await?;
        Err::<(), _>(Error::conflict("no"))
    });

    assert!(rolled_back.await.is_err());
    assert_eq!(actions(&history(&ada, post.url()).await), ["created"]);
    let root = app.superuser("root").await;
    assert_eq!(root.get("/audit?resource=posts").await.ids().len(), 1);
}

#[actix_web::test]
async fn every_row_of_a_deletion_has_an_entry_written_by_one_statement_per_table() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    for number in 0..20 {
        ada.comment(post.id(), &number.to_string()).await;
    }
    let root = app.superuser("root").await;
    app.statements.take();

    ada.delete(post.url()).await.expect_status(204);

    let inserts = app.statements.take();
    let inserts = inserts
        .iter()
        .filter(|sql| sql.contains(r#"INTO "audit_entries""#));
    assert_eq!(inserts.count(), 2);
    let deleted = "/audit?action=deleted&resource=comments&limit=100";
    assert_eq!(root.get(deleted).await.ids().len(), 20);
    ada.act(format!("{}/restore", post.url()))
        .await
        .expect_status(200);
    assert_eq!(
        root.get("/audit?action=restored&count=exact").await.body["page"]["total"],
        21
    );
}

#[actix_web::test]
async fn a_changed_slug_is_in_the_history() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let root = app.superuser("root").await;
    let post = ada.publish("Hello").await;
    root.delete(format!("/users/{}", ada.id))
        .await
        .expect_status(204);
    root.publish("Hello").await;

    root.act(format!("/users/{}/restore", ada.id))
        .await
        .expect_status(200);

    let history = history(&root, post.url()).await;
    assert_eq!(actions(&history), ["created", "deleted", "restored"]);
    let change = &history[2]["changes"]["slug"];
    assert_eq!(change["from"], "hello");
    let restored = root.get(post.url()).await.expect_status(200);
    assert_eq!(change["to"], restored.body["slug"]);
    assert_ne!(change["to"], "hello");
}

#[actix_web::test]
async fn a_purge_leaves_the_entries_of_a_row_without_their_values() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let root = app.superuser("root").await;
    let post = ada.publish("Sonderling").await;
    ada.comment(post.id(), "Sonderling too").await;
    root.delete(post.url()).await.expect_status(204);

    root.act(format!("{}/purge", post.url()))
        .await
        .expect_status(204);

    let history = history(&root, post.url()).await;
    assert_eq!(actions(&history), ["created", "deleted", "purged"]);
    assert!(history[0]["changes"].is_null() && history[1]["changes"].is_null());
    ada.get(format!("{}/history", post.url()))
        .await
        .expect_status(404);
    let all = root.get("/audit?limit=100").await;
    assert!(!all.text.contains("Sonderling"), "{}", all.text);
    let system = app.kernel.session(Actor::System);
    let texts = system.write(async |tx| {
        let kept = "SELECT count(*) AS kept FROM audit_entries WHERE texts LIKE '%Sonderling%' OR changes LIKE '%Sonderling%'";
        let kept = sea_orm::Statement::from_string(tx.get_database_backend(), kept);
        Ok(tx.query_one_raw(kept).await?.unwrap().try_get::<i64>("", "kept")?)
    });
    assert_eq!(texts.await.unwrap(), 0);
}

#[actix_web::test]
async fn signing_in_and_out_and_roles_are_recorded() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let person = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let ada = root.post("/users", person).await.expect_status(201);
    let token = root.login("ada", PASSWORD).await;
    root.with_token(&token)
        .act("/auth/logout")
        .await
        .expect_status(204);
    let role = root
        .post("/roles", json!({ "name": "reader", "permissions": [] }))
        .await;
    root.put(format!("{}/roles/{}", ada.url(), role.id()))
        .await
        .expect_status(204);
    root.delete(format!("{}/roles/{}", ada.url(), role.id()))
        .await
        .expect_status(204);

    let history = history(&root, ada.url()).await;

    assert_eq!(
        actions(&history),
        ["created", "signed_in", "signed_out", "updated", "updated"]
    );
    let member = &history[0]["changes"]["role_ids"]["to"][0];
    let given = json!({ "from": [member], "to": [member, role.id()] });
    assert_eq!(history[3]["changes"]["role_ids"], given);
    assert_eq!(history[4]["changes"]["role_ids"]["to"], json!([member]));
    assert!(!serde_json::to_string(&history).unwrap().contains("argon2"));
}

/// A caller who may not read some fields of the row does not see them in its history either.
#[actix_web::test]
async fn a_history_hides_the_private_fields_of_its_row() {
    let app = TestApp::new().await;
    let auditor = app.with_permissions("auditor", &["users.audit"]).await;
    let ada = app.member("ada").await;
    let path = format!("/users/{}/history?action=created", ada.id);

    let seen = auditor.get(&path).await.expect_status(200);

    assert!(!seen.text.contains("ada@example.org"), "{}", seen.text);
    assert!(!seen.text.contains("role_ids"), "{}", seen.text);
    assert_eq!(entries(&seen)[0]["changes"]["username"]["to"], "ada");
    let root = app.superuser("root").await;
    assert!(root.get(&path).await.text.contains("ada@example.org"));
}

#[actix_web::test]
async fn the_audit_is_filtered_sorted_and_paged_like_any_list() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let root = app.superuser("root").await;
    for number in 0..5 {
        ada.publish(&format!("Post {number}")).await;
    }

    let hers = format!(
        "/audit?actor_id={}&resource=posts&action=created&sort=resource_id&limit=2",
        ada.id
    );
    let first = root.get(&hers).await.expect_status(200);
    let next = first.body["page"]["next"].as_str().unwrap();
    let second = root
        .get(format!("{hers}&cursor={next}"))
        .await
        .expect_status(200);

    let of = |page: &Reply| {
        entries(page)
            .iter()
            .map(|entry| entry["resource_id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!([of(&first), of(&second)].concat(), [1, 2, 3, 4]);
    let trimmed = root.get("/audit?fields=action").await;
    assert_eq!(entries(&trimmed)[0].as_object().unwrap().len(), 2);
    root.get("/audit?changes=x")
        .await
        .expect_problem(400, "malformed_request");
}
