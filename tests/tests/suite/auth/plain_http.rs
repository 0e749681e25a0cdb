//! The cookie of a development server on plain HTTP, where browsers drop cookies that need TLS.
use api::config::Profile;
use reqwest::Method;
use tests::{PASSWORD, Reply, TestApp, json};

async fn app_in(profile: Profile, public_url: Option<&str>) -> TestApp {
    let public_url = public_url.map(str::to_owned);
    let app = TestApp::with(|knobs| {
        knobs.profile = profile;
        knobs.server.public_url = public_url;
    });
    let app = app.await;
    app.user("ada", false, &[]).await;
    app
}

async fn sign_in(app: &TestApp) -> Reply {
    let body = json!({ "login": "ada", "password": PASSWORD });
    let request = app.anonymous().request(Method::POST, "/auth/cookie");
    Reply::send(request.json(&body)).await.expect_status(200)
}

fn cookies(reply: &Reply) -> Vec<&str> {
    let cookies = reply.headers.get_all("set-cookie").iter();
    cookies.map(|cookie| cookie.to_str().unwrap()).collect()
}

async fn me(app: &TestApp, cookie: &str) -> Reply {
    let request = app.anonymous().request(Method::GET, "/auth/me");
    Reply::send(request.header("cookie", cookie)).await
}

#[actix_web::test]
async fn a_development_server_signs_browsers_in_over_plain_http() {
    let app = app_in(Profile::Development, None).await;

    let reply = sign_in(&app).await;

    let cookie = cookies(&reply)[0];
    assert!(cookie.starts_with("atoll-dev=at_"), "{cookie}");
    assert!(!cookie.contains("Secure"), "{cookie}");
    for part in ["; HttpOnly", "; Path=/", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    me(&app, cookie).await.expect_status(200);
    // A change needs the token of the cookie, as everywhere.
    let request = |token: &str| {
        let request = app.anonymous().request(Method::POST, "/auth/logout");
        Reply::send(
            request
                .header("cookie", cookie)
                .header("x-csrf-token", token),
        )
    };
    request("AAAA").await.expect_status(403);
    let out = request(reply.body["csrf_token"].as_str().unwrap()).await;
    let out = out.expect_status(204);
    assert!(
        cookies(&out)[0].starts_with("atoll-dev=;"),
        "{:?}",
        cookies(&out)
    );
    me(&app, cookie).await.expect_status(401);
}

/// A token that somebody reads on plain HTTP, or plants from a subdomain, must be of no use elsewhere.
#[actix_web::test]
async fn no_other_server_sets_or_accepts_the_cookie_for_plain_http() {
    for (profile, public_url) in [
        (Profile::Production, None),
        (Profile::Production, Some("http://10.0.0.7:8080")),
        (Profile::Test, None),
        (Profile::Development, Some("https://example.org")),
    ] {
        let app = app_in(profile, public_url).await;

        let reply = sign_in(&app).await;

        let all = cookies(&reply);
        assert!(
            all.iter()
                .all(|cookie| cookie.starts_with("__Host-") && cookie.contains("; Secure")),
            "{all:?}"
        );
        let value = all[0].split(['=', ';']).nth(1).unwrap();
        me(&app, &format!("__Host-atoll={value}"))
            .await
            .expect_status(200);
        me(&app, &format!("atoll-dev={value}"))
            .await
            .expect_status(401);
        let request = app.anonymous().request(Method::GET, "/posts");
        let anonymous = Reply::send(request.header("cookie", "atoll-dev=at_x")).await;
        // An invalid credential would be a 401; this one is none.
        anonymous.expect_status(200);
    }
}
