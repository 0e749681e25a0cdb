//! The owner of a password can sign in while many addresses guess it.
use futures_util::future::join_all;
use tests::{PASSWORD, TestApp, scaled};

use super::{behind_a_proxy, prolong, sign_in, time_passes, wait};

const ADDRESSES: usize = 100;

/// Each address guesses once. Returns the number of guesses that were tried.
async fn attack(app: &TestApp) -> usize {
    let mut tried = 0;
    for some in (0..ADDRESSES).collect::<Vec<_>>().chunks(10) {
        let guess = |place: &usize| {
            let address = format!("203.0.113.{place}");
            async move { sign_in(app, "ada", "wrong password", (&address, "")).await }
        };
        for reply in join_all(some.iter().map(guess)).await {
            assert!([401, 429].contains(&reply.status), "{}", reply.text);
            tried += usize::from(reply.status == 401);
        }
    }
    tried
}

/// No wait ends by itself, so that a busy machine does not decide what the test sees. With `ATOLL_TEST_SCALE=10` 10,000 guesses (issue 5, shown by 3).
#[actix_web::test]
async fn an_attack_from_many_addresses_keeps_nobody_out() {
    let app = behind_a_proxy().await;
    app.user("ada", false, &[]).await;
    let home = sign_in(&app, "ada", PASSWORD, ("198.51.100.1", "")).await;
    let cookie = home.expect_status(200).header("set-cookie").to_owned();
    let cookie = cookie.split(';').next().unwrap();

    let mut tried = 0;
    for _ in 0..scaled(10) {
        tried += attack(&app).await;
        prolong(&app).await;
    }

    // 20 addresses come before the account is under attack, and each has the guesses of its own. The others wait half a minute.
    assert_eq!(tried, 20 * 5);
    for known in ["198.51.100.1", "198.51.100.2", "203.0.113.7"] {
        sign_in(&app, "ada", PASSWORD, (known, cookie))
            .await
            .expect_status(200);
    }
    let elsewhere = ("198.51.100.3", "");
    let first = sign_in(&app, "ada", PASSWORD, elsewhere).await;
    assert_eq!(wait(&first.expect_problem(429, "rate_limited")), 30);
    time_passes(&app, 30).await;
    attack(&app).await;
    sign_in(&app, "ada", PASSWORD, elsewhere)
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn concurrent_guesses_from_many_addresses_respect_the_limit() {
    let app = TestApp::with(|knobs| {
        knobs.server.trusted_proxies = vec!["127.0.0.1".to_owned()].try_into().unwrap();
    })
    .await;
    app.user("ada", false, &[]).await;

    let guess = |place: usize| {
        let (app, address) = (&app, format!("203.0.113.{place}"));
        async move { sign_in(app, "ada", "wrong password", (&address, "")).await }
    };
    let guesses = join_all((0..60).map(guess)).await;

    let tried = guesses.iter().filter(|reply| reply.status == 401).count();
    assert!(tried <= 20, "{tried} were tried");
    assert!(guesses.iter().any(|reply| reply.status == 429));
}
