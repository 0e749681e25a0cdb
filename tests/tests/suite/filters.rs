//! Filters with operators, and filters on the fields of a related row.
mod groups;

use tests::{Client, TestApp, json};

async fn titles(client: &Client, query: &str) -> Vec<String> {
    let page = client
        .get(format!("/posts?sort=id&limit=100&{query}"))
        .await
        .expect_status(200);
    let data = page.body["data"].as_array().unwrap().clone();
    data.iter()
        .map(|post| post["title"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn each_operator_selects_its_rows() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for (slug, title, summary) in [
        ("s-1", "a%b", json!(null)),
        ("s-2", "A_b", json!("one")),
        ("s-3", "a\\b", json!("two")),
        ("s-4", "Äb", json!("One")),
    ] {
        let post = json!({ "title": title, "slug": slug, "content": "…", "summary": summary, "status": "published" });
        ada.post("/posts", post).await.expect_status(201);
    }

    for (query, expected) in [
        ("title[eq]=A_b", vec!["A_b"]),
        ("title[ne]=A_b", vec!["a%b", "a\\b", "Äb"]),
        ("summary[ne]=one", vec!["a%b", "a\\b", "Äb"]),
        ("summary[in]=one,two", vec!["A_b", "a\\b"]),
        ("summary[nin]=one,two", vec!["a%b", "Äb"]),
        ("summary[is_null]=true", vec!["a%b"]),
        ("summary[is_null]=false", vec!["A_b", "a\\b", "Äb"]),
        ("title[contains]=%25", vec!["a%b"]),
        ("title[contains]=_", vec!["A_b"]),
        ("title[contains]=%5C", vec!["a\\b"]),
        ("title[starts_with]=A", vec!["a%b", "A_b", "a\\b"]),
        ("title[starts_with]=%C3%84", vec!["Äb"]),
        ("title[starts_with]=%C3%A4", vec![]),
        ("summary[contains]=ONE", vec!["A_b", "Äb"]),
        ("id[gt]=1&id[lte]=3", vec!["A_b", "a\\b"]),
        ("id[lt]=2", vec!["a%b"]),
        ("id[gte]=4", vec!["Äb"]),
        ("id[in]=1,4", vec!["a%b", "Äb"]),
        ("created_at[lt]=2000-01-01T00:00:00Z", vec![]),
        ("author.username=ada&id=1", vec!["a%b"]),
        ("author.username[contains]=AD&id=1", vec!["a%b"]),
        ("author.username=bob", vec![]),
        ("title.ne=A_b&summary.is_null=false", vec!["a\\b", "Äb"]),
        ("id.in=1,4", vec!["a%b", "Äb"]),
        ("created_at.gte=2026-01-01&id.lt=2", vec!["a%b"]),
        ("author.username.contains=AD&id.eq=1", vec!["a%b"]),
    ] {
        assert_eq!(titles(&app.anonymous(), query).await, expected, "{query}");
    }
}

#[actix_web::test]
async fn an_invalid_filter_is_refused_with_its_name() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let many = vec!["1"; 101].join(",");

    for (name, value) in [
        ("title[like]", "a"),
        ("title[", "a"),
        ("id[contains]", "1"),
        ("id[gt]", "x"),
        ("id[in]", "1,x"),
        ("id[in]", many.as_str()),
        ("summary[is_null]", "1"),
        ("created_at[gte]", "yesterday"),
        ("writer.username", "ada"),
        ("author.password_hash", "x"),
        ("author.email", "ada@example.org"),
        ("author.author.username", "ada"),
        ("title[eq][eq]", "a"),
        ("title.eq.eq", "a"),
        ("title.eq[eq]", "a"),
        ("title[eq].eq", "a"),
        ("title.like", "a"),
        ("author.username.like", "a"),
        ("status", "pubished"),
        ("status.ne", "pubished"),
        (".eq", "a"),
    ] {
        let reply = nobody.get(format!("/posts?{name}={value}")).await;
        reply
            .expect_problem(400, "malformed_request")
            .expect_error_at(name);
    }
}

#[actix_web::test]
async fn a_relation_shows_no_more_than_the_caller_sees() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let admin = app.admin("root").await;
    let post = ada.publish("Hello").await;
    bob.comment(post.id(), "seen").await;
    ada.patch(post.url(), json!({ "status": "draft" }))
        .await
        .expect_status(200);

    assert_eq!(
        bob.get("/comments?post.title=Hello")
            .await
            .expect_status(200)
            .ids(),
        Vec::<i64>::new()
    );
    assert_eq!(
        ada.get("/comments?post.title=Hello")
            .await
            .expect_status(200)
            .ids()
            .len(),
        1
    );
    assert_eq!(
        admin
            .get("/posts?author.email=ada@example.org")
            .await
            .expect_status(200)
            .ids()
            .len(),
        1
    );
}

/// A value in double quotes may contain a comma, as in `PostgREST`.
#[actix_web::test]
async fn a_value_of_in_may_contain_a_comma() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for title in ["a,b", "a", "c", "q\"uote"] {
        ada.publish(title).await;
    }
    let found = async |filter: &str| {
        let page = ada.get(format!("/posts?{filter}&sort=id")).await;
        page.expect_status(200).ids()
    };

    assert_eq!(found(r#"title[in]="a,b",c"#).await, [1, 3]);
    assert_eq!(found("title[in]=a,b").await, [2]);
    assert_eq!(found(r#"title[nin]="a,b","q\"uote""#).await, [2, 3]);
    for wrong in [r#""a"#, r#""a"b"#] {
        ada.get(format!("/posts?title[in]={wrong}"))
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("title[in]");
    }
}
#[actix_web::test]
async fn patterns_are_limited_in_length_and_number() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    app.member("ada").await.publish("Rust").await;
    let (longest, longer) = ("ü".repeat(200), "ü".repeat(201));
    let huge = "a".repeat(6_000);

    for operator in ["contains", "starts_with"] {
        for field in ["title", "author.full_name"] {
            let path = |pattern: &str| format!("/posts?{field}[{operator}]={pattern}");
            nobody.get(path(&longest)).await.expect_status(200);
            nobody.get(path("%25_")).await.expect_status(200);
            for refused in [&longer, &huge] {
                nobody
                    .get(path(refused))
                    .await
                    .expect_problem(400, "malformed_request")
                    .expect_error_at(&format!("{field}[{operator}]"));
            }
        }
    }
    let fields = [
        "title",
        "slug",
        "summary",
        "author.bio",
        "author.username",
        "author.full_name",
    ];
    let query = |count: usize| {
        let filters = fields[..count].iter();
        let filters: Vec<_> = filters.map(|name| format!("{name}[contains]=a")).collect();
        filters.join("&")
    };
    for path in ["/posts", "/posts/stats", "/posts/export"] {
        let few = format!("{path}?{}", query(5));
        nobody.get(few).await.expect_status(200);
        let many = format!("{path}?{}", query(6));
        nobody
            .get(many)
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("author.full_name[contains]");
    }
}

#[actix_web::test]
async fn a_date_means_its_beginning_in_utc() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    ada.publish("Post").await;
    let found = async |query: &str| ada.get(format!("/posts?{query}")).await.ids().len();

    assert_eq!(found("created_at[gte]=2026-01-01").await, 1);
    assert_eq!(found("created_at[gte]=9999-12-31").await, 0);
    assert_eq!(found("created_at[lt]=0000-01-01").await, 0);
    assert_eq!(found("created_at[nin]=2026-01-01,2026-01-02").await, 1);
    assert_eq!(found("author.created_at[gt]=2026-01-01").await, 1);
}

#[actix_web::test]
async fn a_refused_filter_says_what_was_probably_meant() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for (query, expected) in [
        (
            "titel=a",
            "unknown parameter; did you mean `title`? Expected limit, cursor",
        ),
        (
            "titel.contains=a",
            "unknown parameter; did you mean `title`? Expected limit, cursor",
        ),
        (
            "ofset=1",
            "unknown parameter; did you mean `offset`? Expected limit, cursor",
        ),
        (
            "author.user_name=a",
            "unknown field; did you mean `username`? Expected id",
        ),
        (
            "autor.username=a",
            "unknown relation \"autor\"; did you mean `author`? Expected author",
        ),
        (
            "sort=-titel",
            "unknown field; did you mean `title`? Expected id",
        ),
        (
            "fields=titel",
            "unknown value \"titel\"; did you mean `title`? Expected id",
        ),
        ("title.like=a", "unknown operator \"like\"; expected eq, ne"),
        (
            "status=pubished",
            "must be one of draft, published, archived",
        ),
        (
            "status.in=draft,pubished",
            "must be one of draft, published, archived",
        ),
        ("colour=red", "unknown parameter; expected limit, cursor"),
    ] {
        let reply = ada.get(format!("/posts?{query}")).await;
        let reply = reply.expect_problem(400, "malformed_request");
        let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with(expected), "{query}: {detail}");
    }
}

/// A suggestion must not reveal a field that the caller may not name.
#[actix_web::test]
async fn a_private_field_is_never_suggested() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for query in ["emial=a", "or=(emial.eq.a)", "sort=emial"] {
        let reply = ada.get(format!("/users?{query}")).await;
        let reply = reply.expect_problem(400, "malformed_request");
        assert!(!reply.text.contains("`email`"), "{query}: {}", reply.text);
    }
}

#[actix_web::test]
async fn names_of_numbered_pages_get_a_hint() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let hint = "use `offset` and `limit`, or follow `page.next`";
    for name in ["page", "per_page", "perPage", "page_size", "pageSize"] {
        for (path, has_pages) in [("/posts", true), ("/posts/stats", false)] {
            let reply = ada.get(format!("{path}?{name}=2")).await;
            let reply = reply.expect_problem(400, "malformed_request");
            assert_eq!(reply.text.contains(hint), has_pages, "{}", reply.text);
        }
    }
}
