//! Sign-in with a browser: the cookie, and the protection against other sites that want to use it.
use reqwest::{Method, header::HeaderMap};
use tests::{PASSWORD, Reply, TestApp, json};

/// The cookie and the token that a browser received.
struct Browser {
    app: TestApp,
    cookie: String,
    csrf: String,
}

impl Browser {
    async fn new() -> Self {
        let app = TestApp::new().await;
        app.user("ada", false, &[]).await;
        Self::of(app).await
    }

    async fn of(app: TestApp) -> Self {
        let reply = sign_in(&app, &[]).await.expect_status(200);
        let cookie = set_cookie(&reply.headers);
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let csrf = reply.body["csrf_token"].as_str().unwrap().to_owned();
        Self { app, cookie, csrf }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = self
            .app
            .anonymous()
            .request(method, path)
            .header("Cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Reply::send(request).await
    }
}

async fn sign_in(app: &TestApp, headers: &[(&str, &str)]) -> Reply {
    let body = json!({ "login": "ada", "password": PASSWORD });
    let mut request = app
        .anonymous()
        .request(Method::POST, "/auth/cookie")
        .json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::send(request).await
}

fn set_cookie(headers: &HeaderMap) -> String {
    headers["set-cookie"].to_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_browser_gets_a_cookie_that_scripts_cannot_read_and_no_token() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;

    let reply = sign_in(&app, &[]).await.expect_status(200);

    let cookie = set_cookie(&reply.headers);
    for part in [
        "__Host-atoll=at_",
        "; HttpOnly",
        "; Secure",
        "; Path=/",
        "; SameSite=Lax",
        "; Expires=",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain"));
    let members: Vec<_> = reply.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["csrf_token", "expires_at", "user"]);
}

#[actix_web::test]
async fn a_cookie_reads_alone_and_writes_with_its_token() {
    let browser = Browser::new().await;
    let token = [("X-CSRF-Token", browser.csrf.as_str())];

    browser
        .send(Method::GET, "/auth/me", &[])
        .await
        .expect_status(200);
    let again = browser
        .send(Method::GET, "/auth/cookie", &[])
        .await
        .expect_status(200);
    assert_eq!(again.body["csrf_token"], browser.csrf.as_str());
    browser
        .send(Method::DELETE, "/auth/sessions", &[])
        .await
        .expect_status(403);
    let wrong = [("X-CSRF-Token", "AAAA")];
    browser
        .send(Method::DELETE, "/auth/sessions", &wrong)
        .await
        .expect_status(403);
    browser
        .send(Method::GET, "/auth/me", &[])
        .await
        .expect_status(200);
    browser
        .send(Method::DELETE, "/auth/sessions", &token)
        .await
        .expect_status(204);
    browser
        .send(Method::GET, "/auth/me", &[])
        .await
        .expect_status(401);
}

/// A shared cache must not show the answer to others.
#[actix_web::test]
async fn what_a_cookie_reads_is_private() {
    let browser = Browser::new().await;

    let posts = browser.send(Method::GET, "/posts", &[]).await;

    let posts = posts.expect_status(200);
    assert_eq!(posts.header("cache-control"), "private, no-cache");
    let public = browser.app.anonymous().get("/posts").await;
    assert!(public.header("cache-control").starts_with("public"));
}

#[actix_web::test]
async fn a_mistyped_password_takes_no_cookie_back() {
    let browser = Browser::new().await;
    let wrong = json!({ "login": "ada", "password": "wrong password" });
    let request = browser
        .app
        .anonymous()
        .request(Method::POST, "/auth/cookie");
    let request = request.header("Cookie", &browser.cookie).json(&wrong);

    let reply = Reply::send(request).await.expect_status(401);

    assert!(reply.headers.get("set-cookie").is_none());
    browser
        .send(Method::GET, "/auth/me", &[])
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn the_token_of_another_cookie_is_none() {
    let browser = Browser::new().await;
    let other = sign_in(&browser.app, &[]).await.expect_status(200);
    let theirs = other.body["csrf_token"].as_str().unwrap();

    let reply = browser
        .send(Method::POST, "/auth/logout", &[("X-CSRF-Token", theirs)])
        .await;

    reply.expect_status(403);
}

#[actix_web::test]
async fn a_page_of_another_site_writes_nothing_even_with_the_token() {
    let app = TestApp::with(|knobs| {
        knobs.server.cors_origins = vec!["https://app.example.org".to_owned()];
        knobs.server.public_url = Some("https://api.example.org/atoll".to_owned());
    });
    let app = app.await;
    app.user("ada", false, &[]).await;
    let host = format!("http://{}", app.address);
    let browser = Browser::of(app).await;
    let with = |headers: &[(&'static str, &str)]| {
        let token = ("X-CSRF-Token", browser.csrf.clone());
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        [token].into_iter().chain(headers).collect::<Vec<_>>()
    };
    let post = async |headers: Vec<(&str, String)>| {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        browser
            .send(Method::DELETE, "/auth/sessions/1000", &headers)
            .await
            .status
    };

    let evil = "https://evil.example";
    for foreign in [
        with(&[("Sec-Fetch-Site", "cross-site")]),
        with(&[("Sec-Fetch-Site", "same-site")]),
        with(&[("Sec-Fetch-Site", "cross-site"), ("Origin", evil)]),
        with(&[("Origin", evil)]),
        with(&[("Origin", "null")]),
        with(&[("Origin", "https://app.example.org.evil.example")]),
    ] {
        assert_eq!(post(foreign.clone()).await, 403, "{foreign:?}");
    }
    for own in [
        with(&[]),
        with(&[("Sec-Fetch-Site", "same-origin"), ("Origin", &host)]),
        with(&[("Origin", &host)]),
        with(&[
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://app.example.org"),
        ]),
        with(&[
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "https://api.example.org"),
        ]),
        with(&[("Origin", "https://api.example.org")]),
    ] {
        assert_eq!(post(own.clone()).await, 404, "{own:?}");
    }
}

/// Otherwise a site could sign its visitors in to an account of its own, and read what they write there.
#[actix_web::test]
async fn another_site_signs_nobody_in() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;

    let reply = sign_in(
        &app,
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Origin", "https://evil.example"),
        ],
    )
    .await;

    assert!(reply.expect_status(403).headers.get("set-cookie").is_none());
}

#[actix_web::test]
async fn a_cookie_of_no_use_is_taken_back_and_keeps_nobody_from_signing_in() {
    let browser = Browser::new().await;
    let token = [("X-CSRF-Token", browser.csrf.as_str())];

    let out = browser
        .send(Method::POST, "/auth/logout", &token)
        .await
        .expect_status(204);

    assert!(set_cookie(&out.headers).contains("Max-Age=0"));
    let refused = browser
        .send(Method::GET, "/posts", &[])
        .await
        .expect_status(401);
    assert!(set_cookie(&refused.headers).contains("Max-Age=0"));
    sign_in(&browser.app, &[("Cookie", &browser.cookie)])
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn signing_in_again_gives_another_session_and_ends_the_one_of_before() {
    let browser = Browser::new().await;

    let again = sign_in(&browser.app, &[("Cookie", &browser.cookie)])
        .await
        .expect_status(200);

    assert!(!set_cookie(&again.headers).starts_with(&browser.cookie));
    browser
        .send(Method::GET, "/auth/me", &[])
        .await
        .expect_status(401);
}

#[actix_web::test]
async fn a_header_goes_before_a_cookie_and_needs_no_token() {
    let browser = Browser::new().await;
    let token = browser.app.anonymous().login("ada", PASSWORD).await;
    let bearer = format!("Bearer {token}");

    let out = browser
        .send(Method::POST, "/auth/logout", &[("Authorization", &bearer)])
        .await;

    // Both sign-ins end, and the browser forgets its own.
    let out = out.expect_status(204);
    assert!(set_cookie(&out.headers).contains("Max-Age=0"));
    let client = browser.app.anonymous().with_token(&token);
    client.get("/auth/me").await.expect_status(401);
    browser
        .send(Method::GET, "/auth/me", &[])
        .await
        .expect_status(401);
    let made_up = [("Authorization", "Bearer x")];
    browser
        .send(Method::GET, "/auth/me", &made_up)
        .await
        .expect_status(401);
}

/// A 401 may be caused by another credential of the request.
#[actix_web::test]
async fn a_good_cookie_stays_whatever_else_is_refused() {
    let browser = Browser::new().await;
    let wrong = json!({ "login": "ada", "password": "a wrong password" });
    let expired = json!({ "refresh_token": "rt_x" });
    let bearer = [("Authorization", "Bearer at_x")];
    let basic = [("Authorization", "Basic YWRhOmFkYQ==")];
    let requests = [
        (Method::POST, "/auth/login", Some(wrong.clone()), None),
        (Method::POST, "/auth/cookie", Some(wrong), None),
        (Method::POST, "/auth/refresh", Some(expired), None),
        (Method::GET, "/auth/me", None, Some(bearer)),
        (Method::GET, "/posts", None, Some(basic)),
    ];

    for (method, path, body, headers) in requests {
        let mut request = browser.app.anonymous().request(method, path);
        request = request.header("Cookie", &browser.cookie);
        for (name, value) in headers.into_iter().flatten() {
            request = request.header(name, value);
        }
        let reply = match body {
            Some(body) => Reply::send(request.json(&body)).await,
            None => Reply::send(request).await,
        };

        let refused = reply.expect_status(401);
        assert!(!refused.headers.contains_key("set-cookie"), "{path}");
    }
    browser
        .send(Method::GET, "/auth/me", &[])
        .await
        .expect_status(200);
    let other = [("Cookie", "__Host-atoll=at_x")];
    let request = browser.app.anonymous().request(Method::GET, "/posts");
    let refused = Reply::send(request.header(other[0].0, other[0].1)).await;
    assert!(set_cookie(&refused.expect_status(401).headers).contains("Max-Age=0"));
}
