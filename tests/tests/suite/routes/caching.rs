//! Every answer, failures included, has the right caching headers.
use reqwest::Method;
use tests::{Client, Reply, TestApp, json};

use super::{all_routes, numbered};

const VARY: &str = "Authorization, Cookie";

#[track_caller]
fn expect_caching(reply: &Reply, policy: &str, what: &str) {
    assert_eq!(
        reply.header("cache-control"),
        policy,
        "{what}: {}",
        reply.status
    );
    assert_eq!(reply.header("vary"), VARY, "{what}: {}", reply.status);
}

async fn send(client: &Client, method: &Method, path: &str) -> Reply {
    Reply::send(client.request(method.clone(), path)).await
}

#[actix_web::test]
async fn every_answer_to_a_read_has_a_caching_policy() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let nobody = app.anonymous();
    let made_up = nobody.with_token("made-up");

    for (method, path) in all_routes() {
        for id in ["1", "4711", "abc"] {
            for query in ["", "?no_such=1"] {
                let asked = numbered(&path, id) + query;
                let is_account = path.starts_with("/auth/");
                for (client, policy) in [
                    (&nobody, "public, max-age=0, must-revalidate"),
                    (&made_up, "private, no-cache"),
                    (&ada, "private, no-cache"),
                    (&root, "private, no-cache"),
                ] {
                    let is_read = method == Method::GET;
                    // The test keeps its sessions.
                    if !is_read && client.id > 0 {
                        continue;
                    }
                    let reply = send(client, &method, &asked).await;

                    let what = format!("{method} {asked}");
                    match (is_account, is_read) {
                        (true, _) => expect_caching(&reply, "no-store", &what),
                        (false, true) => expect_caching(&reply, policy, &what),
                        (false, false) => {
                            assert!(!reply.headers.contains_key("cache-control"), "{what}");
                        }
                    }
                }
            }
        }
    }
}

#[actix_web::test]
async fn a_404_for_a_stranger_is_not_cached_for_the_author() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let draft = json!({ "title": "Draft", "content": "…" });
    let draft = ada.post("/posts", draft).await.expect_status(201);

    let mine = ada.get(draft.url()).await.expect_status(200);
    let theirs = bob.get(draft.url()).await.expect_status(404);
    let nobodys = app.anonymous().get(draft.url()).await.expect_status(404);

    expect_caching(&mine, "private, no-cache", "its author");
    expect_caching(&theirs, "private, no-cache", "a stranger");
    expect_caching(&nobodys, "public, max-age=0, must-revalidate", "nobody");
}

#[actix_web::test]
async fn a_refusal_before_any_route_has_a_caching_policy() {
    let app = TestApp::with(|knobs| {
        knobs.server.max_in_flight = 1;
        knobs.rate_limit.anonymous = 1;
        knobs.rate_limit.per = std::time::Duration::from_hours(24);
    })
    .await;
    let ada = app.member("ada").await;
    app.anonymous().get("/posts").await.expect_status(200);

    let limited = app.anonymous().get("/posts").await.expect_status(429);
    let unknown = app.anonymous().get("//no-such").await.expect_status(404);
    let method = app.anonymous().request(Method::PUT, "/auth/me");
    let method = Reply::send(method).await.expect_status(405);
    let mut import = tests::stuck::Stuck::send(
        app.address,
        &format!(
            "POST /api/v1/posts/import HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\n\
             content-length: 100\r\nauthorization: Bearer {}\r\n\r\n",
            ada.token()
        ),
    )
    .await;
    let full = tests::process::eventually("the server is full", async || {
        let reply = ada.get("/auth/me").await;
        (reply.status == 503).then_some(reply)
    })
    .await;
    import.say("title").await;

    expect_caching(&limited, "public, max-age=0, must-revalidate", "too many");
    expect_caching(&unknown, "public, max-age=0, must-revalidate", "no route");
    expect_caching(&method, "no-store", "a wrong method");
    expect_caching(&full, "no-store", "no place");
}
