//! HEAD and request ids.
use reqwest::Method;
use tests::{Client, Reply, TestApp};

use super::{all_routes, numbered};

async fn get_and_head(client: &Client, path: &str) -> [Reply; 2] {
    let ask = |method| {
        Reply::send(
            client
                .request(method, path)
                .header("x-request-id", "the-same"),
        )
    };
    [ask(Method::GET).await, ask(Method::HEAD).await]
}

#[actix_web::test]
async fn head_returns_what_get_returns_without_the_body() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let post = root.publish("Hello").await;
    root.comment(post.id(), "…").await;
    let gets = all_routes()
        .into_iter()
        .filter(|(method, _)| method == Method::GET);
    let paths = gets.map(|(_, path)| path);

    for path in paths.chain(["//healthz".to_owned(), "//readyz".to_owned()]) {
        for id in ["1", "4711", "abc"] {
            let [mut get, mut head] = get_and_head(&root, &numbered(&path, id)).await;

            get.headers.remove("date");
            head.headers.remove("date");
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.headers, get.headers, "{path}");
            // A streamed body has no known length and may be empty.
            let is_streamed = head.headers.contains_key("transfer-encoding");
            assert!(
                is_streamed || head.headers.contains_key("content-length"),
                "{path}"
            );
            assert_eq!(head.text, "", "{path}");
            assert!(is_streamed || !get.text.is_empty(), "{path}");
        }
    }
}

#[actix_web::test]
async fn the_clients_request_id_is_kept_by_every_route() {
    let app = TestApp::new().await;
    let long = "a".repeat(64);

    for (method, path) in all_routes() {
        for id in ["x", "01J-a.b_C", &long] {
            let request = app
                .anonymous()
                .request(method.clone(), numbered(&path, "1"));
            let reply = Reply::send(request.header("x-request-id", id)).await;

            assert_eq!(reply.header("x-request-id"), id, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_request_without_a_valid_id_gets_a_new_one() {
    let app = TestApp::new().await;
    let too_long = "a".repeat(65);

    let mut seen = Vec::new();
    for (method, path) in all_routes() {
        for id in [
            None,
            Some(""),
            Some("a b"),
            Some("ä"),
            Some("a/b"),
            Some(too_long.as_str()),
        ] {
            let request = app
                .anonymous()
                .request(method.clone(), numbered(&path, "1"));
            let request = id
                .into_iter()
                .fold(request, |request, id| request.header("x-request-id", id));
            seen.push(Reply::send(request).await.header("x-request-id").to_owned());
        }
    }

    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count, "each request has its own");
    for id in seen {
        assert!((1..=64).contains(&id.len()), "{id}");
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
            "{id}"
        );
    }
}
