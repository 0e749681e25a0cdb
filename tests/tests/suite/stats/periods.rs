//! Rows per day, week and month, the same on both databases.
use serde_json::Value;
use tests::{Client, TestApp, json, sql};

/// Creates a published post at each of these times.
async fn posts_at(app: &TestApp, ada: &Client, times: &[&str]) {
    for (index, time) in times.iter().enumerate() {
        let id = ada.publish(&format!("Post {index}")).await.id();
        let dated = format!(
            "UPDATE posts SET created_at = '{time}' WHERE id = {id} AND deleted_at IS NULL"
        );
        sql::run(&app.kernel, &dated).await;
    }
}

async fn counts(client: &Client, query: &str) -> Value {
    let path = format!("/posts/stats?group_by=created_at&{query}");
    let reply = client.get(path).await.expect_status(200);
    assert_eq!(reply.body["more"], false);
    reply.body["data"].clone()
}

fn groups(counts: &[(&str, i64)]) -> Value {
    let group = |(day, count): &(&str, i64)| json!({ "created_at": format!("{day}T00:00:00Z"), "count": count });
    counts.iter().map(group).collect()
}

#[actix_web::test]
async fn rows_are_counted_per_day_week_and_month_in_utc() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    // 1 March 2026 is a Sunday.
    let times = [
        "2025-12-31T23:59:59.999999+00:00",
        "2026-01-01T00:00:00.000000+00:00",
        "2026-03-01T00:00:00.000000+00:00",
        "2026-03-01T23:59:59.999999+00:00",
        "2026-03-02T00:00:00.000000+00:00",
        "2026-03-08T12:00:00.000001+00:00",
    ];
    posts_at(&app, &ada, &times).await;

    let since = "created_at[gte]=2025-12-01&created_at[lt]=2026-04-01";
    let by_day = counts(&ada, &format!("per=day&{since}")).await;
    let by_week = counts(&ada, &format!("per=week&{since}")).await;
    let by_month = counts(&ada, &format!("per=month&{since}")).await;

    let days = [
        ("2025-12-31", 1),
        ("2026-01-01", 1),
        ("2026-03-01", 2),
        ("2026-03-02", 1),
        ("2026-03-08", 1),
    ];
    assert_eq!(by_day, groups(&days));
    let weeks = [("2025-12-29", 2), ("2026-02-23", 2), ("2026-03-02", 2)];
    assert_eq!(by_week, groups(&weeks));
    let months = [("2025-12-01", 1), ("2026-01-01", 1), ("2026-03-01", 4)];
    assert_eq!(by_month, groups(&months));
}

#[actix_web::test]
async fn a_period_combines_with_other_groups_and_filters() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let times = [
        "2026-03-01T10:00:00.000000+00:00",
        "2026-03-01T11:00:00.000000+00:00",
    ];
    posts_at(&app, &ada, &times).await;

    let range = "created_at[gt]=2026-02-28&created_at[lte]=2026-03-01T10:30:00Z";
    let path = format!("/posts/stats?group_by=status,created_at&per=day&{range}&max=title");
    let reply = ada.get(path).await.expect_status(200);

    let group = json!({
        "status": "published", "created_at": "2026-03-01T00:00:00Z", "max": { "title": "Post 0" },
    });
    assert_eq!(reply.body["data"], json!([group]));
    let other = "/posts/stats?group_by=published_at&per=month&published_at[gte]=2020-01-01";
    ada.get(other).await.expect_status(200);
}

#[actix_web::test]
async fn a_period_needs_a_bounded_time() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let by_day = "per=day&group_by=created_at";

    for (query, text) in [
        (
            "per=day&created_at[gte]=2026-01-01".to_owned(),
            "requires one time in group_by",
        ),
        (
            "per=day&group_by=status&created_at[gte]=2026-01-01".to_owned(),
            "requires one time in group_by",
        ),
        (
            "per=day&group_by=created_at,updated_at&created_at[gte]=2026-01-01".to_owned(),
            "requires one time in group_by",
        ),
        (by_day.to_owned(), "add created_at[gte]"),
        (
            format!("{by_day}&created_at[lt]=2026-01-01"),
            "add created_at[gte]",
        ),
        (
            format!("{by_day}&or=(created_at.gte.2026-01-01,id.gt.0)"),
            "add created_at[gte]",
        ),
        (
            format!("{by_day}&created_at[gte]=2024-01-01&created_at[lt]=2025-01-02"),
            "at most 366 days",
        ),
        (
            format!("{by_day}&created_at[gte]=2001-01-01"),
            "at most 366 days",
        ),
        (
            "per=week&group_by=created_at&created_at[gte]=2001-01-01".to_owned(),
            "at most 366 weeks",
        ),
        (
            "per=hour&group_by=created_at&created_at[gte]=2026-01-01".to_owned(),
            "must be one of day, week, month",
        ),
    ] {
        let reply = ada
            .get(format!("/posts/stats?{query}"))
            .await
            .expect_status(400);
        assert_eq!(
            reply.body["errors"][0]["parameter"], "per",
            "{}",
            reply.text
        );
        assert!(reply.text.contains(text), "{query}: {}", reply.text);
    }
    for range in [
        "per=day&created_at[gte]=2024-01-01&created_at[lt]=2024-12-31T23:00:00Z",
        "per=month&created_at[gte]=2001-01-01",
        "per=day&created_at[gte]=2026-01-02&created_at[lt]=2026-01-01",
    ] {
        counts(&ada, range).await;
    }
}

#[actix_web::test]
async fn sign_ins_are_counted_per_day_for_readers_of_the_audit_log() {
    let app = TestApp::new().await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    let query =
        "/audit/stats?action=signed_in&group_by=created_at&per=day&created_at[gte]=2026-01-01";

    ada.get(query).await.expect_status(403);
    let reply = root.get(query).await.expect_status(200);

    let groups = reply.body["data"].as_array().unwrap();
    // Both were today, unless midnight was between them.
    let counts = groups.iter().map(|group| group["count"].as_i64().unwrap());
    assert_eq!(counts.sum::<i64>(), 2);
    assert!(
        groups[0]["created_at"]
            .as_str()
            .unwrap()
            .ends_with("T00:00:00Z")
    );
    let by_actor = root
        .get("/audit/stats?group_by=action,actor_id&resource=users")
        .await;
    assert!(by_actor.expect_status(200).text.contains("signed_in"));
    root.get("/audit/stats?group_by=changes")
        .await
        .expect_status(400);
}
