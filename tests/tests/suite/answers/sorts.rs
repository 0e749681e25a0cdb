//! Long texts cannot be sorted or grouped by, and an export sorts by an indexed column.
use service::registry;
use tests::TestApp;

#[actix_web::test]
async fn nothing_is_sorted_grouped_or_aggregated_by_a_long_text() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let mut seen = 0;

    for table in registry().tables() {
        for field in table
            .long
            .iter()
            .filter(|field| !table.heavy.contains(field))
        {
            seen += 1;
            for (path, parameter) in [
                (format!("/{}?sort=id,-{field}", table.name), "sort"),
                (format!("/{}/export?sort={field}", table.name), "sort"),
                (
                    format!("/{}/stats?group_by={field}", table.name),
                    "group_by",
                ),
                (format!("/{}/stats?min={field}", table.name), "min"),
                (format!("/{}/stats?max=id,{field}", table.name), "max"),
            ] {
                let refused = root.get(&path).await;
                let refused = refused
                    .expect_problem(400, "malformed_request")
                    .expect_error_at(parameter);
                let error = &refused.body["errors"][0];
                let detail = error["detail"].as_str().unwrap();
                assert_eq!(error["code"], "not_allowed", "{path}");
                assert!(
                    detail.contains("long text") && detail.contains("created_at"),
                    "{detail}"
                );
            }
            let filter = format!("/{}?{field}[contains]=a", table.name);
            root.get(filter).await.expect_status(200);
        }
    }

    assert!(seen >= 2, "there are long texts");
}

#[actix_web::test]
async fn an_export_is_sorted_by_indexed_fields_only() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    root.publish("Hello").await;

    for (sort, is_indexed) in [
        ("id", true),
        ("-created_at", true),
        ("-id,title", true),
        ("-status", true),
        ("-published_at", true),
        ("slug", true),
        ("-slug,-id", true),
        ("id&deleted=include", true),
        ("title", false),
        ("author_id", false),
        ("created_at,-id", false),
        ("author_id,title", false),
        ("created_at&deleted=include", false),
        ("slug&deleted=only", false),
    ] {
        let path = format!("/posts/export?sort={sort}");
        let export = root.get(&path).await;
        if is_indexed {
            export.expect_status(200);
            continue;
        }
        let refused = export
            .expect_problem(400, "malformed_request")
            .expect_error_at("sort");
        let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
        let names = if sort.contains("deleted") {
            "expected one of id"
        } else {
            "id, created_at, slug, status, published_at"
        };
        assert!(detail.contains(names), "{path}: {detail}");
        let list = path.replace("/export", "");
        root.get(list).await.expect_status(200);
    }
}

/// Any number of heavy reads leaves connections for reads with an index.
#[actix_web::test]
async fn only_reads_without_an_index_count_as_heavy_reads() {
    let app = TestApp::with(|with| with.server.max_heavy_reads = 0).await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    for heavy in [
        "/posts?count=exact",
        "/posts?title[contains]=a",
        "/posts?sort=title",
        "/posts?q=hello",
        "/posts/stats",
        "/posts/1/comments?body[starts_with]=a",
        "/posts?or=(id.eq.1,title.contains.a)",
        "/posts?or=(id.eq.1,and(id.gt.1,title.starts_with.a))",
    ] {
        let full = ada.get(heavy).await.expect_problem(503, "unavailable");
        assert_eq!(full.header("retry-after"), "1", "{heavy}");
    }
    for light in [
        "/posts?sort=-created_at",
        "/posts?author_id=1",
        "/posts?or=(id.eq.1,author_id.eq.1)",
        "/auth/me",
        post.url(),
    ] {
        ada.get(light).await.expect_status(200);
    }
    ada.get("/posts?sort=nothing&count=exact")
        .await
        .expect_problem(400, "malformed_request");
}

/// Each heavy read gives its place back.
#[actix_web::test]
async fn heavy_reads_run_one_after_another() {
    let app = TestApp::with(|with| with.server.max_heavy_reads = 1).await;
    let ada = app.member("ada").await;
    ada.publish("Hello").await;

    for _ in 0..3 {
        ada.get("/posts?count=exact&sort=title")
            .await
            .expect_status(200);
        ada.get("/posts/stats?min=no_such_field")
            .await
            .expect_status(400);
    }
}
