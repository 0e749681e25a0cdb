//! A device with an earlier sign-in has a limit of its own for failed sign-ins.
use tests::{PASSWORD, Reply, TestApp, json};

use super::{behind_a_proxy, expect_wait, prolong, sign_in};

const HERE: &str = "192.0.2.1";

/// Returns the cookie that an answer sets, without its attributes.
fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie");
    set.split(';').next().unwrap().to_owned()
}

/// Blocks sign-ins from this address by unknown devices.
async fn block(app: &TestApp, login: &str, here: &str) {
    for _ in 0..5 {
        sign_in(app, login, "wrong password", (here, ""))
            .await
            .expect_status(401);
    }
    // A quarter of an hour outlasts every test.
    let wait = "UPDATE throttles SET failures = 100 WHERE failures = 5";
    tests::sql::run(&app.kernel, wait).await;
    super::time_passes(app, 2).await;
    sign_in(app, login, "wrong password", (here, "")).await;
    sign_in(app, login, PASSWORD, (here, ""))
        .await
        .expect_problem(429, "rate_limited");
}

#[actix_web::test]
async fn the_cookie_of_a_device_is_for_this_host_alone_and_for_no_script() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;

    let reply = sign_in(&app, "ada", PASSWORD, (HERE, "")).await;

    let set = reply.header("set-cookie").to_owned();
    let (value, attributes) = set.split_once("; ").unwrap();
    assert!(value.starts_with("__Host-atoll-device="), "{set}");
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(
        attributes,
        [
            "HttpOnly",
            "Max-Age=31536000",
            "Path=/",
            "SameSite=Lax",
            "Secure"
        ]
    );
}

#[actix_web::test]
async fn a_known_device_is_let_in_where_others_wait_and_has_a_limit_of_its_own() {
    let app = behind_a_proxy().await;
    app.user("ada", false, &[]).await;
    let known = cookie(&sign_in(&app, "ada", PASSWORD, (HERE, "")).await);
    block(&app, "ada", HERE).await;

    let again = sign_in(&app, "ada", PASSWORD, (HERE, &known)).await;
    let known = cookie(&again.expect_status(200));
    for _ in 0..5 {
        sign_in(&app, "ada", "wrong password", (HERE, &known))
            .await
            .expect_status(401);
    }

    prolong(&app).await;
    let refused = sign_in(&app, "ada", PASSWORD, (HERE, &known)).await;
    expect_wait(refused, "failed sign-ins", 1);
}

#[actix_web::test]
async fn a_device_is_known_to_those_who_signed_in_from_it_and_to_nobody_else() {
    let app = behind_a_proxy().await;
    for name in ["ada", "bob", "eve"] {
        app.user(name, false, &[]).await;
    }
    let first = cookie(&sign_in(&app, "ada", PASSWORD, (HERE, "")).await);
    let both = cookie(&sign_in(&app, "bob", PASSWORD, (HERE, &first)).await);
    let hers = cookie(&sign_in(&app, "eve", PASSWORD, (HERE, "")).await);
    let places = [("ada", HERE), ("bob", "192.0.2.2")];
    for (name, here) in places {
        block(&app, name, here).await;
    }

    for (name, here) in places {
        sign_in(&app, name, PASSWORD, (here, &both))
            .await
            .expect_status(200);
    }

    let swapped = hers.replace("~3.", "~1.");
    let (id, _) = both.split_once('~').unwrap();
    let (_, proof) = hers.split_once('~').unwrap();
    let moved = format!("{id}~{proof}");
    let long = format!("{both}{}", "~1.1.AAAA".repeat(100));
    for other in [
        &hers,
        &swapped,
        &moved,
        &long,
        "__Host-atoll-device=",
        "__Host-atoll-device=~~..",
    ] {
        sign_in(&app, "ada", PASSWORD, (HERE, other))
            .await
            .expect_problem(429, "rate_limited");
    }
}

#[actix_web::test]
async fn a_new_password_makes_all_devices_unknown() {
    let app = behind_a_proxy().await;
    let ada = app.member("ada").await;
    let known = cookie(&sign_in(&app, "ada", PASSWORD, (HERE, "")).await);
    let change = json!({ "current_password": PASSWORD, "new_password": "another password" });

    ada.post("/auth/password", change).await.expect_status(204);

    block(&app, "ada", HERE).await;
    sign_in(&app, "ada", "another password", (HERE, &known))
        .await
        .expect_problem(429, "rate_limited");
}
