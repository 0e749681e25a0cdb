//! Streaming replication between two PostgreSQL servers.
mod failures;
mod operators;

use std::{cell::Cell, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use tests::{PASSWORD, Reply, json};

use super::{
    Cluster, POSITION, becomes, is_unused, is_used, on, patient, title, title_of, title_with,
};

/// While the replay is paused, a replica shows the state before the write. So each answer tells which server gave it.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn others_may_read_an_older_state_and_the_writer_never_does() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let (here, there) = (
        cluster.node(false, patient).await,
        cluster.node(false, patient).await,
    );
    let ada = here.member("ada").await;
    let bob = here.member("bob").await;
    let post = ada.publish("before").await;
    let url = post.url();
    becomes(&here.anonymous(), url, "before").await;
    cluster.pause().await;

    let written = ada
        .patch(url, json!({ "title": "after" }))
        .await
        .expect_status(200);

    let token = written.header(POSITION).to_owned();
    let (ada_there, anyone) = (on(&there, &ada), there.anonymous());
    // Callers who neither wrote nor know of the write.
    assert_eq!(title(&here.anonymous(), url).await, "before");
    assert_eq!(title(&bob, url).await, "before");
    let list = bob.get("/posts").await.expect_status(200);
    assert_eq!(list.body["data"][0]["title"], "before");
    // The writer, by the memory of the node.
    assert_eq!(title(&ada, url).await, "after");
    let list = ada.get("/posts").await.expect_status(200);
    assert_eq!(list.body["data"][0]["title"], "after");
    // On another node nothing is known of the write without its position.
    assert_eq!(title(&ada_there, url).await, "before");
    assert_eq!(
        title_with(&ada_there, url, &[(POSITION, &token)]).await,
        "after"
    );
    // Whoever gets the position sees the write.
    assert_eq!(
        title_with(&anyone, url, &[(POSITION, &token)]).await,
        "after"
    );
    let list = anyone
        .request(Method::GET, "/posts")
        .header(POSITION, &token);
    let list = Reply::send(list).await.expect_status(200);
    assert_eq!(list.body["data"][0]["title"], "after");
    let export = anyone
        .request(Method::GET, "/posts/export")
        .header(POSITION, &token);
    assert!(Reply::send(export).await.text.contains("after"));
    assert!(anyone.get("/posts/export").await.text.contains("before"));

    // An altered or foreign position, and what is none, count as none.
    let last = if token.ends_with('A') { "B" } else { "A" };
    let altered = format!("{}{last}", &token[..token.len() - 1]);
    let foreign = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for invalid in [&altered, foreign, "", "?", "0/16B3748"] {
        assert_eq!(
            title_with(&anyone, url, &[(POSITION, invalid)]).await,
            "before",
            "{invalid}"
        );
    }

    cluster.resume().await;
    becomes(&anyone, url, "after").await;
    becomes(&here.anonymous(), url, "after").await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_browser_sends_the_position_in_a_cookie() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let (here, there) = (
        cluster.node(false, patient).await,
        cluster.node(false, patient).await,
    );
    here.user("ada", false, &[]).await;
    let ada = here.anonymous();
    let body = json!({ "login": "ada", "password": PASSWORD });
    let signed_in = ada.post("/auth/cookie", body).await.expect_status(200);
    let session = signed_in
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let csrf = signed_in.body["csrf_token"].as_str().unwrap().to_owned();
    let change = async |method, path: &str, body| {
        let request = ada.request(method, path).header("cookie", &session);
        Reply::send(request.header("x-csrf-token", &csrf).json(&body)).await
    };
    let new = json!({ "title": "before", "content": "…", "status": "published" });
    let post = change(Method::POST, "/posts", new).await.expect_status(201);
    let url = post.url();
    becomes(&there.anonymous(), url, "before").await;
    cluster.pause().await;

    let written = change(Method::PATCH, url, json!({ "title": "after" })).await;

    let written = written.expect_status(200);
    let cookie = written.header("set-cookie");
    for part in [
        "__Host-atoll-position=",
        "; HttpOnly",
        "; Secure",
        "; Path=/",
        "; SameSite=Lax",
        "; Max-Age=",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let both = format!("{session}; {}", cookie.split(';').next().unwrap());
    let read =
        async |cookies: &str| title_with(&there.anonymous(), url, &[("cookie", cookies)]).await;
    assert_eq!(read(&session).await, "before");
    assert_eq!(read(&both).await, "after");
    assert_eq!(
        read(&format!("{session}; __Host-atoll-position=AAAA")).await,
        "before"
    );
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_replica_that_lags_too_far_is_not_read() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.node(false, |_| {}).await;
    let ada = app.member("ada").await;
    let post = ada.publish("before").await;
    cluster.pause().await;

    ada.patch(post.url(), json!({ "title": "after" }))
        .await
        .expect_status(200);

    becomes(&app.anonymous(), post.url(), "after").await;
    is_unused(&app).await;
    for _ in 0..10 {
        assert_eq!(title(&app.anonymous(), post.url()).await, "after");
    }
    cluster.resume().await;
    is_used(&app).await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn sessions_permissions_and_the_rows_of_writes_are_read_on_the_primary() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let (here, there) = (
        cluster.node(false, patient).await,
        cluster.node(false, patient).await,
    );
    let (ada, root) = (here.member("ada").await, here.superuser("root").await);
    let (eve, post) = (here.member("eve").await, ada.publish("before").await);
    let url = post.url();
    becomes(&there.anonymous(), url, "before").await;
    cluster.pause().await;

    // A new sign-in works at once, and an ended one ends at once.
    let again = here.anonymous().login("ada", PASSWORD).await;
    let again = there.anonymous().with_token(&again);
    assert_eq!(title(&again, url).await, "before");
    again.act("/auth/logout").await.expect_status(204);
    again.get(url).await.expect_problem(401, "unauthenticated");
    // A permission counts at once, and so does its end.
    let draft = json!({ "title": "Draft", "content": "…" });
    let draft = ada.post("/posts", draft).await.expect_status(201);
    let roles = root.get("/roles?name=editor").await.ids();
    let role = format!("/users/{}/roles/{}", eve.id, roles[0]);
    let rename = || json!({ "title": "Renamed" });
    on(&there, &eve)
        .patch(url, rename())
        .await
        .expect_status(403);
    root.put(&role).await.expect_status(204);
    on(&there, &eve)
        .patch(url, rename())
        .await
        .expect_status(200);
    root.delete(&role).await.expect_status(204);
    on(&there, &eve)
        .patch(url, rename())
        .await
        .expect_status(403);
    // The version that a change expects, and one that a read expects.
    let change = |version: &str| {
        let request = on(&there, &ada).request(Method::PATCH, url);
        Reply::send(
            request
                .header("if-match", version)
                .json(&json!({ "title": "after" })),
        )
    };
    change("\"1\"")
        .await
        .expect_problem(412, "precondition_failed");
    change("\"2\"").await.expect_status(200);
    let read = there
        .anonymous()
        .request(Method::GET, url)
        .header("if-match", "\"1\"");
    Reply::send(read).await.expect_status(412);
    assert_eq!(title(&there.anonymous(), url).await, "before");
    // The row that the path names is found, although the replica does not have it yet.
    let comments = format!("{}/comments", draft.url());
    ada.get(&comments).await.expect_status(200);
    on(&there, &ada).get(&comments).await.expect_status(200);
    // A key that was used is known on every node.
    let keyed = |node| {
        let request = on(node, &ada).request(Method::POST, "/posts");
        let new = json!({ "title": "Once", "content": "…" });
        Reply::send(request.header("idempotency-key", "one").json(&new))
    };
    let first = keyed(&here).await.expect_status(201);
    assert_eq!(keyed(&there).await.expect_status(201).id(), first.id());
}

/// The answer of a replica that lacks a change of this node is not kept; that of one that has it is.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_cache_holds_no_answer_that_lacks_a_change() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.node(true, patient).await;
    let ada = app.member("ada").await;
    let post = ada.publish("before").await;
    let (url, anyone) = (post.url(), app.anonymous());
    becomes(&anyone, url, "before").await;
    cluster.pause().await;
    ada.patch(url, json!({ "title": "after" }))
        .await
        .expect_status(200);

    for _ in 0..5 {
        let before = app.statements.count();
        assert_eq!(title(&anyone, url).await, "before");
        assert!(
            app.statements.count() > before,
            "an older answer came from the cache"
        );
    }

    cluster.resume().await;
    becomes(&anyone, url, "after").await;
    super::super::cache::is_cached(&app, &anyone, url).await;
    // The last write of another node is not in what this one has kept.
    let there = cluster.node(true, patient).await;
    becomes(&there.anonymous(), url, "after").await;
    super::super::cache::is_cached(&there, &there.anonymous(), url).await;
    let last = ada
        .patch(url, json!({ "title": "last" }))
        .await
        .expect_status(200);
    let token = last.header(POSITION);
    assert_eq!(
        title_with(&there.anonymous(), url, &[(POSITION, token)]).await,
        "last"
    );
}

/// The replica applies each commit five seconds late.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn writers_read_their_writes_while_a_replica_lags_by_five_seconds() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let delay = "ALTER SYSTEM SET recovery_min_apply_delay = '5s'";
    cluster.at_replica.run(delay).await;
    cluster.at_replica.run("SELECT pg_reload_conf()").await;
    each_writer_sees_their_writes(&cluster, async |_| {}).await;
}

/// The replay stops and goes on at random.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn each_writer_sees_at_least_their_last_write() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let at_replica = &cluster.at_replica;
    each_writer_sees_their_writes(&cluster, async |round| {
        if round % 2 == 0 {
            at_replica.run("SELECT pg_wal_replay_pause()").await;
        } else {
            at_replica.run("SELECT pg_wal_replay_resume()").await;
        }
    })
    .await;
}

/// Writers change their rows on two nodes and read them there, by the position or on the node of the write.
async fn each_writer_sees_their_writes(cluster: &Cluster, disturb: impl AsyncFn(usize)) {
    let nodes = [
        cluster.node(true, patient).await,
        cluster.node(true, patient).await,
    ];
    let (running, old, done) = (Cell::new(4), Cell::new(0), Cell::new(0));
    let write = async |name: usize| {
        let ada = nodes[0].member(&format!("writer{name}")).await;
        let post = ada.publish("0").await;
        for number in 1..=tests::scaled(30) {
            let (here, there) = (&nodes[number % 2], &nodes[(number + name) % 2]);
            let text = number.to_string();
            let written = on(here, &ada)
                .patch(post.url(), json!({ "title": text }))
                .await;
            let written = written.expect_status(200);
            let token = written.header(POSITION);
            // The node of the write remembers its user.
            assert_eq!(title(&on(here, &ada), post.url()).await, text);
            let ada_there = on(there, &ada);
            let read = title_with(&ada_there, post.url(), &[(POSITION, token)]).await;
            assert_eq!(read, text);
            let other = title(&there.anonymous(), post.url()).await;
            old.set(old.get() + usize::from(other != text));
            done.set(done.get() + 1);
        }
        running.set(running.get() - 1);
    };
    let disturb = async {
        let mut round = 0;
        while running.get() > 0 {
            disturb(round).await;
            round += 1;
            tokio::time::sleep(Duration::from_millis(rand::random_range(1..200))).await;
        }
    };
    futures_util::join!(join_all((0..4).map(write)), disturb);
    assert_eq!(done.get(), 4 * tests::scaled(30));
    assert!(
        old.get() > 0,
        "no read was answered by a replica that lagged"
    );
}

/// Without replicas nothing is added to an answer.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn without_replicas_no_position_is_sent() {
    let app = tests::TestApp::new().await;
    let ada = app.member("ada").await;

    let post = ada.publish("Hello").await;

    assert!(!post.headers.contains_key(POSITION));
    assert_eq!(title_of(ada.get(post.url()).await), "Hello");
}
