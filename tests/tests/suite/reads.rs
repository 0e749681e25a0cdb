//! Conditional reads, reads of some fields, and the pages that describe problems.
use reqwest::{Method, header};
use tests::{Client, Reply, TestApp, json};

async fn get_if_none_match(client: &Client, path: &str, tags: &str) -> Reply {
    let request = client
        .request(Method::GET, path)
        .header(header::IF_NONE_MATCH, tags);
    Reply::send(request).await
}

#[actix_web::test]
async fn a_version_that_the_client_has_is_not_sent_again() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    assert_eq!(post.header("etag"), "\"1\"");

    let again = get_if_none_match(&ada, post.url(), "\"7\", \"1\"")
        .await
        .expect_status(304);
    assert_eq!((again.text.as_str(), again.header("etag")), ("", "\"1\""));
    assert_eq!(again.header("cache-control"), "private, no-cache");
    assert_eq!(again.header("vary"), "Authorization, Cookie");
    get_if_none_match(&ada, post.url(), "*")
        .await
        .expect_status(304);
    get_if_none_match(&ada, post.url(), "W/\"1\"")
        .await
        .expect_status(304);

    ada.patch(post.url(), json!({ "title": "Changed" }))
        .await
        .expect_status(200);
    let changed = get_if_none_match(&ada, post.url(), "\"1\"")
        .await
        .expect_status(200);
    assert_eq!(changed.header("etag"), "\"2\"");
}

#[actix_web::test]
async fn the_public_view_has_its_own_tag_and_caching_policy() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let path = format!("/users/{}", ada.id);

    let public = app.anonymous().get(&path).await.expect_status(200);
    let own = ada.get(&path).await.expect_status(200);

    assert_eq!(
        (public.header("etag"), own.header("etag")),
        ("\"1p\"", "\"1\"")
    );
    assert_eq!(
        public.header("cache-control"),
        "public, max-age=0, must-revalidate"
    );
    get_if_none_match(&ada, &path, "\"1p\"")
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_condition_reveals_nothing_about_hidden_rows() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let draft = ada
        .post("/posts", json!({ "title": "Hidden", "content": "…" }))
        .await
        .expect_status(201);

    let hidden = get_if_none_match(&bob, draft.url(), "*")
        .await
        .expect_problem(404, "not_found");
    let absent = get_if_none_match(&bob, "/posts/999", "*")
        .await
        .expect_problem(404, "not_found");

    let alike = |reply: &Reply| {
        let mut body = reply.body.clone();
        body["instance"] = json!(null);
        body["request_id"] = json!(null);
        let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        (body, names)
    };
    assert_eq!(alike(&hidden), alike(&absent));
}

#[actix_web::test]
async fn fields_limit_the_answer_and_leave_heavy_columns_unread() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    app.statements.take();
    let one = ada
        .get(format!("{}?fields=title,slug", post.url()))
        .await
        .expect_status(200);
    let page = ada.get("/posts?fields=slug").await.expect_status(200);

    assert_eq!(
        one.body,
        json!({ "id": post.id(), "title": "Hello", "slug": "hello" })
    );
    assert_eq!(one.header("etag"), "W/\"1\"");
    assert_eq!(
        page.body["data"],
        json!([{ "id": post.id(), "slug": "hello" }])
    );
    let read = app.statements.take();
    let heavy: Vec<_> = read
        .iter()
        .filter(|sql| sql.contains("\"posts\".\"content\""))
        .collect();
    assert!(heavy.is_empty(), "{heavy:?}");
    let whole = ada
        .get(format!("{}?fields=content", post.url()))
        .await
        .expect_status(200);
    assert_eq!(
        whole.body,
        json!({ "id": post.id(), "content": "About Hello." })
    );
}

#[actix_web::test]
async fn fields_show_nothing_that_the_full_answer_hides() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let path = format!("/users/{}?fields=email,roles", ada.id);

    assert_eq!(
        bob.get(&path).await.expect_status(200).body,
        json!({ "id": ada.id })
    );
    let own = json!({ "id": ada.id, "email": "ada@example.org", "roles": ["member"] });
    assert_eq!(ada.get(&path).await.expect_status(200).body, own);
    for wrong in [
        "/users?fields=password_hash",
        "/users?fields=",
        "/posts/1?fields=title,nothing",
    ] {
        ada.get(wrong)
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("fields");
    }
    ada.get("/posts?content=x")
        .await
        .expect_problem(400, "malformed_request");
    ada.get("/posts?sort=content")
        .await
        .expect_problem(400, "malformed_request");
}

#[actix_web::test]
async fn the_type_of_a_problem_links_to_its_description() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let problem = nobody
        .get("/posts?limit=0")
        .await
        .expect_problem(400, "malformed_request");

    let path = format!("/{}", problem.body["type"].as_str().unwrap());
    let meaning = nobody.get(&path).await.expect_status(200);

    assert_eq!(meaning.body["code"], "malformed_request");
    assert!(meaning.body["meaning"].is_string());
    nobody
        .get("//problems/nothing")
        .await
        .expect_problem(404, "not_found");
}

/// Otherwise a caller could guess a tag, and a 304 would reveal that the row exists.
#[actix_web::test]
async fn a_conditional_request_for_a_hidden_row_is_answered_like_one_for_a_missing_row() {
    let app = TestApp::new().await;
    let (ada, bob, root) = (
        app.member("ada").await,
        app.member("bob").await,
        app.superuser("root").await,
    );
    let draft = json!({ "title": "Draft", "content": "…" });
    let post = ada.post("/posts", draft).await.expect_status(201);
    let ask = async |tags: &str| {
        let request = bob.request(Method::GET, post.url());
        let request = request.header("X-Request-Id", "the-same");
        let mut reply = Reply::send(request.header("If-None-Match", tags)).await;
        reply.headers.remove("date");
        let reply = reply.expect_problem(404, "not_found");
        (format!("{:?}", reply.headers), reply.text)
    };
    let tags = ["*", "\"1\"", "\"1p\"", "W/\"1\""];

    let mut invisible = Vec::new();
    for tag in tags {
        invisible.push(ask(tag).await);
    }
    root.delete(post.url()).await.expect_status(204);
    root.act(format!("{}/purge", post.url()))
        .await
        .expect_status(204);

    for (tag, invisible) in tags.into_iter().zip(invisible) {
        assert_eq!(ask(tag).await, invisible, "{tag}");
    }
}
