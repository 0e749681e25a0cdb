//! Answers from the cache: they cost no statement, and equal those that are read (contract §4).
mod drawn;
mod nodes;
mod on_file;
mod on_postgres;
mod with_redis;

use std::cell::Cell;

use futures_util::future::join_all;
use kernel::{
    Actor, Cache, CrudOperations, Error, ReadOperations, cache,
    crud::{Expected, Target},
    query::Shape,
};
use reqwest::{Method, header};
use service::{Posts, posts::PostPatch};
use tests::{Client, Knobs, Service, TestApp, json, process::eventually};

/// Turns the cache on, with its default size.
pub fn cached(knobs: &mut Knobs) {
    knobs.service.cache = Cache::start(&cache::Settings::default(), None).unwrap();
}

/// Waits until an answer comes from the cache: an entry is used for a second, and the machine may be busy.
pub async fn is_cached(app: &TestApp, client: &Client, path: &str) {
    eventually("an answer comes from the cache", async || {
        let before = app.statements.count();
        client.get(path).await.expect_status(200);
        (app.statements.count() == before).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn rows_and_first_pages_of_public_lists_cost_no_statement() {
    let app = TestApp::with(cached).await;
    let post = app.member("ada").await.publish("Hello").await;
    let anyone = app.anonymous();
    let costs = async |path: &str| {
        let before = app.statements.count();
        anyone.get(path).await.expect_status(200);
        app.statements.count() - before
    };
    for path in [
        post.url(),
        "/posts",
        "/posts?include=author&limit=5",
        "/comments",
    ] {
        is_cached(&app, &anyone, path).await;
    }
    let next = format!("/posts?offset=1&author_id={}", post.body["author_id"]);
    for _ in 0..3 {
        assert!(costs(&next).await > 0);
    }
}

#[actix_web::test]
async fn a_cache_without_memory_holds_nothing() {
    let app = TestApp::with(|knobs| {
        knobs.service.cache = Cache::start(&cache::Settings { size: 0 }, None).unwrap();
    })
    .await;
    let post = app.member("ada").await.publish("Hello").await;
    for _ in 0..3 {
        let before = app.statements.count();
        app.anonymous().get(post.url()).await.expect_status(200);
        assert!(app.statements.count() > before);
    }
}

#[actix_web::test]
async fn an_answer_from_the_cache_has_the_headers_and_preconditions_of_others() {
    let app = TestApp::with(cached).await;
    let post = app.member("ada").await.publish("Hello").await;
    let anyone = app.anonymous();
    is_cached(&app, &anyone, post.url()).await;
    let first = anyone.get(post.url()).await;
    let with = |name, value: &str| anyone.request(Method::GET, post.url()).header(name, value);
    let of = |reply: &tests::Reply| {
        let names = ["etag", "content-type", "cache-control", "vary"];
        names.map(|name| reply.header(name).to_owned())
    };

    let plain = app.uncached();
    let read = plain.anonymous().get(post.url()).await;
    assert_eq!((of(&first), &first.text), (of(&read), &read.text));
    let etag = first.header("etag");
    let unchanged = tests::Reply::send(with(header::IF_NONE_MATCH, etag)).await;
    assert_eq!(unchanged.expect_status(304).header("etag"), etag);
    let stale = tests::Reply::send(with(header::IF_MATCH, "\"9\"")).await;
    stale.expect_status(412);
    let head = tests::Reply::send(anyone.request(Method::HEAD, post.url())).await;
    assert_eq!(head.expect_status(200).text, "");
}

#[actix_web::test]
async fn callers_share_no_answer() {
    let app = TestApp::with(cached).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let draft = json!({ "title": "Draft", "content": "…" });
    let draft = ada.post("/posts", draft).await.expect_status(201);
    let me = format!("/users/{}", ada.id);

    for _ in 0..2 {
        ada.get(draft.url()).await.expect_status(200);
        bob.get(draft.url()).await.expect_status(404);
        app.anonymous().get(draft.url()).await.expect_status(404);
        assert!(ada.get(&me).await.body["email"].is_string());
        assert!(bob.get(&me).await.body["email"].is_null());
        assert_eq!(ada.get("/posts").await.ids().len(), 1);
        assert!(bob.get("/posts").await.ids().is_empty());
        let key = ada.with_key(&["posts.create.own"]).await;
        key.get(draft.url()).await.expect_status(404);
    }
}

/// A client changes a row again and again, and others read it. Each reader sees at least the last change that was acknowledged
/// before its request.
#[actix_web::test]
async fn no_read_after_an_acknowledged_write_is_older() {
    let app = TestApp::with(cached).await;
    let ada = app.member("ada").await;
    let post = ada.publish("0").await;
    let (acknowledged, reads) = (Cell::new(0), Cell::new(0));
    let is_done = || acknowledged.get() == tests::scaled(100);

    let write = async {
        while !is_done() {
            let next = acknowledged.get() + 1;
            let title = json!({ "title": next.to_string() });
            ada.patch(post.url(), title).await.expect_status(200);
            acknowledged.set(next);
        }
    };
    let read = async |path: String| {
        while !is_done() {
            let least = acknowledged.get();
            let reply = app.anonymous().get(&path).await.expect_status(200);
            let row = reply.body["data"].get(0).unwrap_or(&reply.body);
            let seen: usize = row["title"].as_str().unwrap().parse().unwrap();
            assert!(seen >= least, "{path}: {seen} is older than {least}");
            reads.set(reads.get() + 1);
        }
    };
    let paths = [post.url().to_owned(), "/posts".to_owned()];
    let readers = paths.iter().cycle().take(4).map(|path| read(path.clone()));
    futures_util::join!(write, join_all(readers));
    assert!(reads.get() > 0);
}

/// A read that began before a change ends after it.
#[actix_web::test]
async fn an_answer_that_a_change_overtook_is_not_kept() {
    let mut service = Service::new().await;
    let cache = Cache::start(&cache::Settings::default(), None).unwrap();
    service.kernel = service.kernel.with_cache(cache);
    let ada = service.user("ada").await;
    let id = service.post(ada, "before").await;
    let session = service.kernel.session(Actor::System);
    let change = PostPatch {
        title: Some("after".to_owned()),
        ..PostPatch::default()
    };
    let title = async || {
        let found = Posts::get(&session, id, &Shape::default()).await?;
        Ok::<_, Error>(Title(found.row.title))
    };

    let overtaken = async || {
        let old = title().await;
        let other = service.kernel.session(Actor::System);
        let target = Target {
            id,
            expected: Expected::Anything,
        };
        other
            .write(async |tx| Posts::update(tx, target.clone(), &change).await)
            .await?;
        old
    };
    let old = session.cached("title", overtaken).await.unwrap();
    let new = session.cached("title", title).await.unwrap();

    assert_eq!((&*old.0, &*new.0), ("before", "after"));
}

struct Title(String);

impl kernel::session::Answer for Title {
    fn bytes(&self) -> usize {
        self.0.len()
    }
}
