//! When a dependency is away, full or slow, the affected requests get a prompt answer and others are served.
mod deadline;
mod on_postgres;
mod slow;

use futures_util::future::join_all;
use tests::{Knobs, PASSWORD, TestApp, json};

/// Sign-ins at once: more than the hashing threads and their queue take, less than the server does.
const SIGN_INS: usize = 150;

#[actix_web::test]
async fn sign_ins_beyond_the_queue_are_refused_and_the_others_are_served() {
    let dear = |with: &mut Knobs| {
        with.server.max_in_flight = 500;
        with.service.auth.hash_memory = 19_456;
        with.service.auth.hash_passes = 2;
    };
    let app = TestApp::with(dear).await;
    let ada = app.member("ada").await;
    let anyone = app.anonymous();

    let names: Vec<_> = (0..SIGN_INS).map(|place| format!("user-{place}")).collect();
    for name in &names {
        app.user(name, false, &[]).await;
    }

    let sign_in = |name: &String| {
        anyone.post(
            "/auth/login",
            json!({ "login": name, "password": PASSWORD }),
        )
    };
    let all = join_all(names.iter().map(sign_in)).await;

    let (served, refused): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|reply| reply.status == 200);
    assert!(served.len() >= 32, "a queue full of them: {}", served.len());
    assert!(!refused.is_empty(), "the queue is bounded");
    for reply in refused {
        reply
            .expect_problem(503, "unavailable")
            .header("retry-after");
    }
    ada.get("/auth/me").await.expect_status(200);
    anyone.login("ada", PASSWORD).await;
}
