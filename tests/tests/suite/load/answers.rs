//! Answers that clients do not read.
use std::time::Duration;

use tests::{Client, TestApp, json, process::eventually, stuck::Stuck};

use super::{come_back, lengthen_posts};

const LIST: &str = "/api/v1/posts?limit=40";

/// Creates posts whose list is longer than the buffers of a connection.
async fn write(app: &TestApp, client: &Client) {
    let post = json!({ "title": "Hello", "content": "x", "status": "published" });
    let operation = json!({ "op": "create", "data": post });
    let operations = vec![operation; 40];
    let bulk = json!({ "operations": operations });
    client.post("/posts/bulk", bulk).await.expect_status(200);
    lengthen_posts(app).await;
}

#[actix_web::test]
async fn a_connection_that_takes_nothing_of_an_answer_is_cut() {
    let app = TestApp::with(|knobs| knobs.load.write_timeout = Duration::from_secs(2)).await;
    write(&app, &app.member("ada").await).await;

    let mut stuck = Stuck::get(app.address, LIST, "").await;
    eventually("the answer is being sent", async || {
        (app.load.answers.held() > 2_000_000).then_some(())
    })
    .await;
    eventually("its memory is given back", async || {
        (app.load.answers.held() == 0).then_some(())
    })
    .await;

    let (taken, _) = stuck.rest().await;
    assert!(taken.len() < 1_500_000, "{}", taken.len());
}

#[actix_web::test]
async fn a_client_that_takes_its_answer_slowly_gets_all_of_it() {
    let app = TestApp::with(|knobs| knobs.load.write_timeout = Duration::from_secs(30)).await;
    write(&app, &app.member("ada").await).await;

    let mut slow = Stuck::get(app.address, LIST, "").await;
    eventually("the answer is being sent", async || {
        (app.load.answers.held() > 2_000_000).then_some(())
    })
    .await;
    let more = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    slow.say(more).await;

    let (taken, is_reset) = slow.rest().await;
    assert!(!is_reset);
    let text = String::from_utf8_lossy(&taken);
    assert!(text.len() > 2_000_000);
    assert!(text.ends_with(r#"{"status":"ok"}"#));
    assert_eq!(app.load.answers.held(), 0);
}

#[actix_web::test]
async fn bytes_that_clients_have_not_taken_are_bounded_by_caller_and_in_all() {
    let app = TestApp::with(|knobs| knobs.load.answer_bytes = 6_000_000).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    write(&app, &ada).await;

    let mut stuck = vec![
        Stuck::get(app.address, LIST, "").await,
        Stuck::get(app.address, LIST, ada.token()).await,
    ];
    eventually("two answers are being sent", async || {
        (app.load.answers.held() > 4_000_000).then_some(())
    })
    .await;

    for client in [&app.anonymous(), &ada] {
        come_back(client.get(LIST).await, 429, "rate_limited");
        client
            .get("/posts?limit=1&fields=title")
            .await
            .expect_status(200);
    }
    come_back(bob.get(LIST).await, 503, "unavailable");
    // A write still gets its answer, and static files do not count towards the limit.
    let post = json!({ "title": "Hello", "content": "x".repeat(50_000) });
    bob.post("/posts", post).await.expect_status(201);
    stuck.push(Stuck::get(app.address, "/docs/swagger-ui-bundle.js", "").await);
    let script = app.anonymous().get("//docs/swagger-ui-bundle.js").await;
    script.expect_status(200);
    drop(stuck);
    eventually("their memory is given back", async || {
        (app.load.answers.held() == 0).then_some(())
    })
    .await;
    bob.get(LIST).await.expect_status(200);
}
