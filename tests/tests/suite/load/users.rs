//! One caller does not starve the others.
use std::{rc::Rc, time::Duration};

use kernel::{Actor, CrudOperations};
use reqwest::Method;
use service::Posts;
use tests::{
    Backend, Reply, TestApp, json,
    process::{eventually, within_limit},
    service::draft,
    stuck::Stuck,
};
use tokio::{sync::Notify, time::timeout};
use web::rate::CallerKey;

use super::{come_back, lengthen_posts};

/// The most posts that each client of a flood sends.
const FLOOD: usize = 10_000;

async fn crowded(running: usize, waiting: usize, wait: Duration) -> TestApp {
    TestApp::with(|knobs| {
        knobs.load.running_per_user = running;
        knobs.load.waiting_per_user = waiting;
        knobs.load.user_wait = wait;
    })
    .await
}

#[actix_web::test]
async fn a_user_with_too_many_requests_at_work_waits_and_is_refused_and_others_are_not() {
    let app = crowded(1, 1, Duration::from_millis(50)).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = json!({ "title": "Hello", "content": "…" });

    let running = app.load.turns.take(ada.id).await.unwrap();

    come_back(ada.post("/posts", post.clone()).await, 429, "rate_limited");
    come_back(ada.get("/posts").await, 429, "rate_limited");
    bob.post("/posts", post.clone()).await.expect_status(201);
    app.anonymous().get("/posts").await.expect_status(200);
    drop(running);
    ada.post("/posts", post).await.expect_status(201);
}

#[actix_web::test]
async fn a_request_that_gets_its_turn_in_time_is_answered() {
    let app = crowded(1, 1, Duration::from_mins(1)).await;
    let ada = app.member("ada").await;
    let running = app.load.turns.take(ada.id).await.unwrap();

    let waits = actix_web::rt::spawn({
        let ada = ada.clone();
        async move { ada.get("/posts").await }
    });
    eventually("it waits", async || {
        (app.load.waiting.available_permits() == 1023).then_some(())
    })
    .await;
    // One request is already waiting.
    come_back(ada.get("/posts").await, 429, "rate_limited");
    drop(running);

    waits.await.unwrap().expect_status(200);
}

/// A post whose slug two requests want: the second of them waits for the transaction of the first.
#[actix_web::test]
async fn a_turn_is_held_until_the_work_ends_though_the_client_is_gone() {
    // The database in memory has one connection, which the transaction holds, so no credentials can be looked up.
    if Backend::current() == Backend::Memory {
        return;
    }
    let app = TestApp::with(|knobs| {
        knobs.load.running_per_user = 1;
        knobs.load.waiting_per_user = 0;
        // The server has closed the only connection when there is room for another.
        knobs.load.connections_per_address = 1;
    });
    let app = Rc::new(app.await);
    let here = CallerKey::for_address(app.address.ip());
    let no_connection = async |what: &str| {
        let room = async || app.load.connections.take(here).map(drop);
        eventually(what, room).await;
    };
    let ada = app.member("ada").await;
    let (begun, end) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
    let other = actix_web::rt::spawn({
        let (app, id) = (app.clone(), ada.id);
        let (begun, end) = (begun.clone(), end.clone());
        async move {
            let system = app.kernel.session(Actor::System);
            let made = system.write(async |tx| {
                Posts::create(tx, &draft(id, "Hello")).await?;
                begun.notify_one();
                end.notified().await;
                Ok(())
            });
            made.await
        }
    });
    within_limit("the first post is written", begun.notified()).await;

    no_connection("the connection of the sign-in is closed").await;
    let body = json!({ "title": "Hello", "content": "…" }).to_string();
    let mut gone = Stuck::post(app.address, "/api/v1/posts", ada.token(), body.len()).await;
    gone.say(&body).await;
    eventually("the second post is worked on", async || {
        app.load.turns.take(ada.id).await.is_none().then_some(())
    })
    .await;
    gone.reset();
    no_connection("the server notices the reset").await;

    assert!(
        app.load.turns.take(ada.id).await.is_none(),
        "the turn was given back before the work had ended"
    );
    end.notify_one();
    other.await.unwrap().unwrap();
    eventually("the turn is given back", async || {
        app.load.turns.take(ada.id).await.map(drop)
    })
    .await;
}

#[actix_web::test]
async fn eight_clients_that_post_one_title_and_reset_do_not_keep_others_from_writing_and_reading() {
    // The database in memory has one connection, which all requests wait for.
    if Backend::current() == Backend::Memory {
        return;
    }
    let app = TestApp::with(|knobs| {
        knobs.load.requests_per_caller = 4;
        knobs.load.running_per_user = 2;
        knobs.load.waiting_per_user = 2;
        knobs.load.user_wait = Duration::from_millis(50);
    })
    .await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let body = json!({ "title": "Hello", "content": "…" }).to_string();
    let flood: Vec<_> = (0..8)
        .map(|_| {
            let (address, token, body) = (app.address, ada.token().to_owned(), body.clone());
            actix_web::rt::spawn(async move {
                for _ in 0..FLOOD {
                    let mut client =
                        Stuck::post(address, "/api/v1/posts", &token, body.len()).await;
                    client.say(&body).await;
                    // The flood does not wait for answers that do not come at once.
                    let _ = timeout(Duration::from_millis(20), client.answer()).await;
                    client.reset();
                }
            })
        })
        .collect();

    eventually("the flood is refused", async || {
        (ada.get("/auth/me").await.status == 429).then_some(())
    })
    .await;
    for number in 0..5 {
        let post = json!({ "title": format!("Post {number}"), "content": "…" });
        bob.post("/posts", post).await.expect_status(201);
        bob.get("/posts").await.expect_status(200);
        app.anonymous().get("/posts").await.expect_status(200);
    }

    for client in flood {
        client.abort();
    }
    eventually("the flood is over", async || {
        (ada.get("/auth/me").await.status == 200).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn requests_are_counted_by_their_credential_before_it_is_looked_up() {
    let app = TestApp::with(|knobs| {
        knobs.load.requests_per_caller = 1;
        knobs.server.trusted_proxies = vec!["127.0.0.1".to_owned()].try_into().unwrap();
    })
    .await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let here = app.address.ip();
    let hold = |credential: Option<&[u8]>, address: &str| {
        let sender = app.load.sender(credential, address.parse().unwrap());
        app.load.senders.take(sender).unwrap()
    };
    let header = format!("Bearer {}", ada.token());
    let cookie = format!("__Host-atoll={}", ada.token());

    let signed = hold(Some(header.as_bytes()), &here.to_string());
    let by_cookie = hold(Some(ada.token().as_bytes()), &here.to_string());
    let anonymous = hold(None, "2001:db8::1");
    app.statements.forget();

    come_back(ada.get("/posts").await, 429, "rate_limited");
    let request = app.anonymous().request(Method::GET, "/posts");
    let reply = Reply::send(request.header("cookie", cookie)).await;
    come_back(reply, 429, "rate_limited");
    let from = |address: &'static str| {
        let request = app.anonymous().request(Method::GET, "/posts");
        Reply::send(request.header("x-forwarded-for", address))
    };
    come_back(from("2001:db8::2").await, 429, "rate_limited");
    assert!(
        app.statements.take().is_empty(),
        "nothing is asked of the database"
    );

    from("2001:db8:0:1::1").await.expect_status(200);
    bob.get("/posts").await.expect_status(200);
    drop((signed, by_cookie, anonymous));
    ada.get("/posts").await.expect_status(200);
    from("2001:db8::2").await.expect_status(200);
}

#[actix_web::test]
async fn one_user_takes_at_most_a_part_of_the_places_among_exports_and_imports() {
    let app = TestApp::with(|knobs| {
        knobs.server.max_exports = 4;
        knobs.server.max_imports = 2;
    })
    .await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let import = format!(
        "POST /api/v1/posts/import HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\n\
         content-length: 100\r\nauthorization: Bearer {}\r\n\r\n",
        ada.token()
    );
    for number in 0..40 {
        ada.publish(&format!("Post {number}")).await;
    }
    lengthen_posts(&app).await;

    let _import = Stuck::send(app.address, &import).await;
    eventually("her import is at work", async || {
        (app.load.bulks.held() == 100).then_some(())
    })
    .await;
    let mut export = Stuck::get(app.address, "/api/v1/posts/export", ada.token()).await;
    assert_eq!(export.status().await, 200);

    let row = r#"{"title":"Hello","content":"…"}"#;
    come_back(ada.import("/posts/import", row).await, 429, "rate_limited");
    come_back(ada.get("/posts/export").await, 429, "rate_limited");
    bob.import("/posts/import", row).await.expect_status(200);
    bob.get("/posts/export").await.expect_status(200);
}
