//! `impact` reports in advance which rows a deletion or a purge would take along (contract §5).
use tests::{Client, TestApp, json};

async fn impact(who: &Client, url: &str) -> serde_json::Value {
    who.get(format!("{url}/impact"))
        .await
        .expect_status(200)
        .body
}

#[actix_web::test]
async fn the_reported_impact_equals_the_rows_that_are_deleted() {
    let app = TestApp::new().await;
    let (ada, bob, root) = (
        app.member("ada").await,
        app.member("bob").await,
        app.superuser("root").await,
    );
    let (hers, gone, his) = (
        ada.publish("Hers").await,
        ada.publish("Gone").await,
        bob.publish("His").await,
    );
    for post in [&hers, &gone, &his] {
        for who in [&ada, &bob] {
            who.comment(post.id(), "…").await;
        }
    }
    ada.delete(gone.url()).await.expect_status(204);
    let user = format!("/users/{}", ada.id);

    let told = impact(&root, &user).await;

    // Two comments on her post and one of hers on his; deleted comments do not count.
    let rows = json!([{ "resource": "posts", "count": 1 }, { "resource": "comments", "count": 3 }]);
    assert_eq!(told, json!({ "action": "delete", "rows": rows }));
    assert_eq!(
        impact(&ada, hers.url()).await["rows"],
        json!([{ "resource": "comments", "count": 2 }])
    );
    root.delete(&user).await.expect_status(204);
    let gone = |resource: &'static str| {
        format!(
            "/audit?action=deleted&resource={resource}&actor_id={}&count=exact",
            root.id
        )
    };
    assert_eq!(root.get(gone("posts")).await.body["page"]["total"], 1);
    assert_eq!(root.get(gone("comments")).await.body["page"]["total"], 3);

    let told = impact(&root, &user).await;

    // A purge also takes rows that were deleted before.
    let rows = json!([{ "resource": "posts", "count": 2 }, { "resource": "comments", "count": 5 }]);
    assert_eq!(told, json!({ "action": "purge", "rows": rows }));
    root.act(format!("{user}/purge")).await.expect_status(204);
    let gone = |resource: &str| format!("/audit?action=purged&resource={resource}&count=exact");
    assert_eq!(root.get(gone("posts")).await.body["page"]["total"], 2);
    assert_eq!(root.get(gone("comments")).await.body["page"]["total"], 5);
}
