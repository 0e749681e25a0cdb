//! Concurrent requests have the outcome of sequential ones.
mod on_file;
mod on_postgres;

use std::collections::HashSet;

use futures_util::future::join_all;
use tests::{PASSWORD, Reply, TestApp, json};

/// More than there are connections.
const MANY: usize = 20;
/// Clients that post the same title.
const CLIENTS: usize = 32;
const ROUNDS: usize = 10;

#[actix_web::test]
async fn concurrent_posts_with_one_title_get_different_slugs() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let all = join_all((0..CLIENTS).map(|_| ada.publish("Hello"))).await;

    let slugs: HashSet<_> = all.iter().map(|post| post.body["slug"].as_str()).collect();
    assert_eq!(slugs.len(), CLIENTS, "{slugs:?}");
}

#[actix_web::test]
async fn no_change_of_a_post_is_lost() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    let change = |number| {
        ada.patch(
            post.url(),
            json!({ "content": format!("Version {number}") }),
        )
    };
    let all = join_all((0..MANY).map(change)).await;

    let done = all.iter().filter(|reply| reply.status == 200).count();
    let versions: HashSet<_> = all
        .iter()
        .filter_map(|reply| reply.body["version"].as_i64())
        .collect();
    for refused in all.into_iter().filter(|reply| reply.status != 200) {
        refused.expect_problem(503, "unavailable");
    }
    assert!(done > 0);
    assert_eq!(versions.len(), done, "each change has a version of its own");
    assert_eq!(ada.get(post.url()).await.body["version"], 1 + done);
}

#[actix_web::test]
async fn one_of_many_concurrent_registrations_gets_the_username() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();

    let register = |number| {
        let user = json!({ "username": "ada", "email": format!("{number}@example.org"), "password": PASSWORD });
        anyone.post("/auth/register", user)
    };
    let all = join_all((0..8).map(register)).await;

    assert_eq!(all.iter().filter(|reply| reply.status == 201).count(), 1);
    for refused in all.into_iter().filter(|reply| reply.status != 201) {
        refused
            .expect_problem(409, "conflict")
            .expect_error_at("/username");
    }
}

#[actix_web::test]
async fn one_of_two_superusers_who_demote_each_other_stays() {
    let app = TestApp::new().await;
    let two = [app.superuser("ada").await, app.superuser("bob").await];
    let demote = json!({ "is_superuser": false });
    let users = two.clone().map(|user| format!("/users/{}", user.id));

    for _ in 0..ROUNDS {
        let [ada, bob]: [Reply; 2] = join_all([
            two[0].patch(&users[1], demote.clone()),
            two[1].patch(&users[0], demote.clone()),
        ])
        .await
        .try_into()
        .unwrap();

        assert!(
            (ada.status == 200) != (bob.status == 200),
            "exactly one is demoted: {} {}",
            ada.text,
            bob.text
        );
        let (winner, loser) = if ada.status == 200 { (0, 1) } else { (1, 0) };
        let promote = json!({ "is_superuser": true });
        two[winner]
            .patch(&users[loser], promote)
            .await
            .expect_status(200);
    }
}
