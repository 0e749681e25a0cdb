//! Lists that are only read have filters, sorting and pages like every other list.
use reqwest::Method;
use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json};

async fn rows(client: &Client, path: &str) -> Vec<Value> {
    let page = client.get(path).await.expect_status(200);
    page.body["data"].as_array().unwrap().clone()
}

/// The values of a member in the rows of a list.
async fn column(client: &Client, path: &str, name: &str) -> Vec<Value> {
    let rows = rows(client, path).await;
    rows.into_iter().map(|row| row[name].clone()).collect()
}

/// Panics unless pages of two rows, forwards and backwards, make up the whole list.
async fn expect_pages(client: &Client, path: &str, count: usize) {
    let whole = client.get(format!("{path}&limit=100&count=exact")).await;
    let whole = whole.expect_status(200);
    assert_eq!(whole.body["page"]["total"], count, "{path}");
    let (mut there, mut back) = (Vec::new(), Vec::new());
    let mut page = client.get(format!("{path}&limit=2")).await;
    loop {
        page = page.expect_status(200);
        there.extend(page.ids());
        let Some(next) = page.body["page"]["next"].as_str() else {
            break;
        };
        page = client.get(format!("{path}&limit=2&cursor={next}")).await;
    }
    loop {
        back.splice(0..0, page.ids());
        let Some(prev) = page.body["page"]["prev"].as_str() else {
            break;
        };
        page = client.get(format!("{path}&limit=2&cursor={prev}")).await;
        page = page.expect_status(200);
    }
    assert_eq!((&there, &back), (&whole.ids(), &whole.ids()), "{path}");
}

/// Parameters that only a list of rows that change has, and fields that there are not.
async fn expect_refusals(client: &Client, list: &str) {
    for (parameter, name) in [
        ("deleted=include", "deleted"),
        ("updated_at=2026-01-01", "updated_at"),
        ("sort=user_id", "sort"),
        ("user_id=1", "user_id"),
        ("include=user", "include"),
        ("fields=token_hash", "fields"),
    ] {
        let refused = client.get(format!("{list}?{parameter}")).await;
        let refused = refused.expect_problem(400, "malformed_request");
        assert_eq!(refused.places(), [name], "{list}?{parameter}");
    }
}

#[actix_web::test]
async fn sessions_are_filtered_sorted_and_paged() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    for number in 0..5 {
        let request = app.anonymous().request(Method::POST, "/auth/login");
        let request = request.header("User-Agent", format!("Phone {number}"));
        let login = json!({ "login": "ada", "password": PASSWORD });
        Reply::send(request.json(&login)).await.expect_status(200);
    }
    let list = "/auth/sessions";

    let phones = format!("{list}?label[starts_with]=Phone&sort=-label&fields=label");
    assert_eq!(
        column(&ada, &phones, "label").await,
        ["Phone 4", "Phone 3", "Phone 2", "Phone 1", "Phone 0"]
    );
    let one = format!("{list}?label=Phone%203&expires_at[gt]=2000-01-01");
    assert_eq!(column(&ada, &one, "is_current").await, [false]);
    let newest = column(&ada, list, "label").await;
    assert_eq!(newest[0], "Phone 4", "the newest comes first");
    expect_pages(&ada, &format!("{list}?sort=created_at"), 6).await;
    expect_pages(&ada, &format!("{list}?sort=-label"), 6).await;
    expect_refusals(&ada, list).await;
    assert_eq!(rows(&bob, list).await.len(), 1);
    assert_eq!(rows(&bob, &phones).await, [] as [Value; 0]);
}

#[actix_web::test]
async fn api_keys_are_filtered_sorted_and_paged() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    for number in [3, 1, 4, 0, 2] {
        let key = json!({ "name": format!("Key {number}"), "scopes": ["posts.create.own"] });
        ada.post("/auth/api-keys", key).await.expect_status(201);
    }
    let list = "/auth/api-keys";

    let some = format!("{list}?name[in]=Key%204,Key%201&last_used_at[is_null]=true&sort=name");
    assert_eq!(column(&ada, &some, "name").await, ["Key 1", "Key 4"]);
    let named = rows(&ada, &format!("{list}?fields=name&sort=-id")).await;
    assert_eq!(named[0]["name"], "Key 2", "the newest comes first");
    assert_eq!(named[0].as_object().unwrap().len(), 2);
    expect_pages(&ada, &format!("{list}?sort=-name"), 5).await;
    // NULL in every row.
    expect_pages(&ada, &format!("{list}?sort=expires_at"), 5).await;
    expect_refusals(&ada, list).await;
    let scopes = ada.get(format!("{list}?scopes=x")).await;
    scopes.expect_problem(400, "malformed_request");
    assert_eq!(rows(&bob, &some).await, [] as [Value; 0]);
}

#[actix_web::test]
async fn audit_entries_are_filtered_sorted_and_paged() {
    let app = TestApp::new().await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    for number in 0..3 {
        let post = ada.publish(&format!("Post {number}")).await;
        ada.delete(post.url()).await.expect_status(204);
    }
    let list = "/audit";

    let deleted = format!("{list}?resource=posts&version[gte]=2&sort=resource_id");
    assert_eq!(column(&root, &deleted, "resource_id").await, [1, 2, 3]);
    expect_pages(&root, &format!("{list}?resource=posts&sort=-version"), 6).await;
    expect_pages(
        &root,
        &format!("{list}?resource=posts&sort=action,-resource_id"),
        6,
    )
    .await;
    // NULL until an entry is sealed.
    expect_pages(&root, &format!("{list}?resource=posts&sort=seq"), 6).await;
    expect_refusals(&root, list).await;
    let entry = &rows(&root, &deleted).await[0];
    for made_up in ["updated_at", "deleted_at"] {
        assert_eq!(entry.get(made_up), None, "{made_up}");
    }
}

#[actix_web::test]
async fn every_caller_sees_only_their_own_sessions_and_api_keys() {
    let app = TestApp::new().await;
    let (ada, bob, root) = (
        app.member("ada").await,
        app.member("bob").await,
        app.superuser("root").await,
    );
    app.anonymous().login("ada", PASSWORD).await;
    for client in [&ada, &ada, &bob, &root] {
        let mut key = json!({ "name": "Backup", "scopes": ["posts.create.own"] });
        key["expires_at"] = "2999-01-01T00:00:00Z".into();
        client.post("/auth/api-keys", key).await.expect_status(201);
    }
    for list in ["/auth/sessions", "/auth/api-keys"] {
        let first = ada.get(format!("{list}?sort=id&limit=1")).await;
        let first = first.expect_status(200);
        let (id, next) = (first.ids()[0], &first.body["page"]["next"]);
        let cursor = format!("sort=id&limit=1&cursor={}", next.as_str().unwrap());
        for client in [&bob, &root] {
            let own = client.get(list).await.expect_status(200).ids();
            assert_eq!(own.len(), 1, "{list}");
            for (question, expected) in [
                ("created_at[gt]=2000-01-01&sort=id", &*own),
                ("expires_at[gt]=2000-01-01&sort=-last_used_at", &own),
                ("id[gte]=1&limit=100&count=exact", &own),
                (&format!("id={id}&count=exact"), &[]),
                (&format!("id[in]={id},{}", own[0]), &own),
            ] {
                let page = client.get(format!("{list}?{question}")).await;
                let page = page.expect_status(200);
                assert_eq!(page.ids(), expected, "{list}?{question}");
                if question.contains("count") {
                    assert_eq!(page.body["page"]["total"], expected.len(), "{question}");
                }
            }
            let beyond = client.get(format!("{list}?{cursor}")).await;
            assert_eq!(beyond.expect_status(200).ids(), own, "{list}?{cursor}");
        }
    }
}
