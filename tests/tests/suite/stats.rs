//! Aggregates cover the rows that match the filters and that the caller would see in a list.
mod periods;

use serde_json::Value;
use tests::{Client, TestApp, json, sql};

async fn stats(client: &Client, query: &str) -> Value {
    let reply = client.get(format!("/posts/stats?{query}")).await;
    let body = reply.expect_status(200).body;
    assert_eq!(body["more"], false);
    body["data"].clone()
}

/// Creates two published posts, one of them without a summary, a draft, and a deleted post. Returns the live ones.
async fn fill(ada: &Client) -> [Value; 3] {
    let mut posts = Vec::new();
    for (title, summary, status) in [
        ("Beta", json!("short"), "published"),
        ("alpha", json!(null), "published"),
        ("Gamma", json!("short"), "draft"),
        ("Zeta", json!("gone"), "published"),
    ] {
        let post = json!({ "title": title, "content": "…", "summary": summary, "status": status });
        posts.push(ada.post("/posts", post).await.expect_status(201).body);
    }
    let deleted = format!("/posts/{}", posts[3]["id"]);
    ada.delete(deleted).await.expect_status(204);
    [posts.remove(0), posts.remove(0), posts.remove(0)]
}

#[actix_web::test]
async fn groups_have_a_count_and_extremes_and_are_sorted_by_key() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let [beta, alpha, gamma] = fill(&ada).await;

    let by_status = stats(
        &ada,
        "group_by=status&count&min=created_at,title&max=created_at,id",
    )
    .await;

    let group = |status: &str, count: i64, first: &Value, last: &Value, least: &str| {
        json!({
            "status": status,
            "count": count,
            "min": { "created_at": first["created_at"], "title": least },
            "max": { "created_at": last["created_at"], "id": last["id"] },
        })
    };
    let expected = json!([
        group("draft", 1, &gamma, &gamma, "Gamma"),
        // By code point: capitals first.
        group("published", 2, &beta, &alpha, "Beta"),
    ]);
    assert_eq!(by_status, expected);
    let by_summary = stats(&ada, "group_by=summary&count=true").await;
    let expected = json!([{ "summary": "short", "count": 2 }, { "summary": null, "count": 1 }]);
    assert_eq!(by_summary, expected, "null comes last");
    let by_two = stats(&ada, "group_by=summary,status&count").await;
    let keys: Vec<_> = by_two
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (&group["summary"], &group["status"]))
        .collect();
    let expected = [
        (json!("short"), json!("draft")),
        (json!("short"), json!("published")),
        (json!(null), json!("published")),
    ];
    assert_eq!(
        keys,
        expected
            .iter()
            .map(|(summary, status)| (summary, status))
            .collect::<Vec<_>>()
    );
}

#[actix_web::test]
async fn stats_without_groups_are_one_row_even_without_rows() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    fill(&ada).await;

    assert_eq!(stats(&ada, "").await, json!([{ "count": 3 }]));
    assert_eq!(
        stats(&ada, "max=title").await,
        json!([{ "max": { "title": "alpha" } }])
    );
    let nothing = stats(&ada, "title=nothing&count=&min=created_at,summary,id").await;
    let none = json!({ "created_at": null, "summary": null, "id": null });
    assert_eq!(nothing, json!([{ "count": 0, "min": none }]));
    assert_eq!(
        stats(&ada, "title=nothing&group_by=status").await,
        json!([])
    );
}

#[actix_web::test]
async fn stats_count_only_rows_that_the_caller_can_see() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (editor, root) = (app.editor("editor").await, app.superuser("root").await);
    fill(&ada).await;
    let carol = app.user("carol", false, &[]).await;
    root.delete(format!("/users/{carol}"))
        .await
        .expect_status(204);

    for (client, query, count) in [
        (&app.anonymous(), "", 2),
        (&bob, "", 2),
        (&ada, "", 3),
        (&editor, "", 3),
        (&app.anonymous(), "status=draft", 0),
        (&ada, "status=draft", 1),
        (&ada, "title[contains]=ET", 1),
        (&ada, "author.username=ada", 3),
        (&ada, "author.username=bob", 0),
        (&bob, "deleted=only", 0),
        (&bob, "deleted=include", 2),
        (&ada, "deleted=only", 1),
        (&ada, "deleted=include", 4),
        (&root, "deleted=only", 1),
    ] {
        let list = client
            .get(format!("/posts?limit=1&count=exact&{query}"))
            .await;

        let counted = stats(client, &format!("count&{query}")).await;

        assert_eq!(counted, json!([{ "count": count }]), "{query}");
        assert_eq!(
            list.expect_status(200).body["page"]["total"],
            count,
            "{query}"
        );
    }
    let users = app.anonymous().get("/users/stats").await.expect_status(200);
    assert_eq!(users.body["data"][0]["count"], 4);
}

#[actix_web::test]
async fn values_of_every_type_look_like_in_a_row() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let user = root
        .get(format!("/users/{}", root.id))
        .await
        .expect_status(200)
        .body;

    let path = "/users/stats?group_by=is_active,is_superuser,updated_at&min=id,version,email,created_at&max=full_name";
    let reply = root.get(path).await.expect_status(200);

    let group = &reply.body["data"][0];
    for member in ["is_active", "is_superuser", "updated_at"] {
        assert_eq!(group[member], user[member], "{member}");
    }
    for member in ["id", "version", "email", "created_at"] {
        assert_eq!(group["min"][member], user[member], "{member}");
    }
    assert_eq!(group["max"], json!({ "full_name": null }));
    assert!(group.get("count").is_none());
}

#[actix_web::test]
async fn an_invalid_parameter_of_stats_is_400_and_named() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (query, at) in [
        ("limit=1", "limit"),
        ("offset=0", "offset"),
        ("cursor=x", "cursor"),
        ("sort=id", "sort"),
        ("fields=id", "fields"),
        ("include=author", "include"),
        ("group_by=", "group_by"),
        ("group_by=nothing", "group_by"),
        ("group_by=content", "group_by"),
        ("group_by=status,status", "group_by"),
        ("group_by=status,title,summary,slug", "group_by"),
        ("group_by=author.username", "group_by"),
        ("group_by=status&group_by=title", "group_by"),
        ("min=content", "min"),
        ("max=", "max"),
        ("max=id,title,summary,slug,status,version", "max"),
        ("count=exact", "count"),
        ("count=false", "count"),
        ("sum=id", "sum"),
        ("status[like]=x", "status[like]"),
    ] {
        let reply = root.get(format!("/posts/stats?{query}")).await;

        reply
            .expect_problem(400, "malformed_request")
            .expect_error_at(at);
    }
    let boolean = root.get("/users/stats?min=is_active").await;
    boolean
        .expect_problem(400, "malformed_request")
        .expect_error_at("min");
    let all = root
        .get("/posts/stats?min=x&max=y&group_by=z&a=b&limit=1")
        .await;
    assert_eq!(all.places(), ["a", "group_by", "limit", "max", "min"]);
    let detail = all.body["errors"].to_string();
    assert!(
        detail.contains("group_by, count, min, max, q, or, deleted") && !detail.contains("offset"),
        "{detail}"
    );
}

#[actix_web::test]
async fn a_literal_path_takes_precedence_over_a_path_with_an_id() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for resource in ["users", "posts", "comments", "roles"] {
        let path = format!("/{resource}/stats");
        root.get(&path).await.expect_status(200);
        for reply in [root.delete(&path).await, root.patch(&path, json!({})).await] {
            let reply = reply.expect_problem(405, "method_not_allowed");
            assert_eq!(reply.header("allow"), "GET, HEAD");
        }
    }
}

#[actix_web::test]
async fn too_many_groups_are_cut_and_the_answer_says_so() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let at = app.ago(60);
    let posts = format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
         INSERT INTO posts (created_at, updated_at, version, author_id, title, slug, content, status) \
         SELECT {at}, {at}, 1, {}, 'Post ' || substr(CAST(10000 + i AS text), 2), 'post-' || i, '…', 'published' FROM n",
        ada.id
    );
    sql::run(&app.kernel, &posts).await;

    let cut = ada
        .get("/posts/stats?group_by=title")
        .await
        .expect_status(200);
    let whole = ada
        .get("/posts/stats?group_by=title&title[ne]=Post 1000")
        .await
        .expect_status(200);

    for (reply, more) in [(cut, true), (whole, false)] {
        assert_eq!(reply.body["more"], more);
        let groups = reply.body["data"].as_array().unwrap();
        assert_eq!(groups.len(), 1_000);
        assert_eq!(groups[999], json!({ "title": "Post 0999", "count": 1 }));
    }
}

#[actix_web::test]
async fn stats_take_one_statement() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    fill(&ada).await;
    app.statements.take();

    let path = "/posts/stats?group_by=status,summary&count&min=id,title&max=id,created_at&author.username=ada";
    app.anonymous().get(path).await.expect_status(200);

    let statements = app.statements.take();
    assert_eq!(statements.len(), 1, "{statements:#?}");
}
