//! Concurrent reads by id share one statement, which applies the condition of each caller.
use std::pin::pin;

use futures_util::{future::join_all, poll};
use kernel::{
    Actor, Database, Error, Kernel, ReadOperations,
    actor::{Caller, Credential},
    permission::Permission,
    query::Shape,
};
use service::Posts;
use tests::{Client, Sql, TestApp, json, service_settings};

/// Keeps every read of posts waiting until it is committed.
const HOLD: &str = "BEGIN; LOCK TABLE posts IN ACCESS EXCLUSIVE MODE";

/// Connects as a worker of the server: the workers of the app have all connections that it has for workers.
async fn worker(app: &TestApp) -> Kernel {
    let settings = tests::settings(&app.url);
    let database = Database::connect(&settings, Some(app.statements.observer()));
    service::start(database.await.unwrap(), service_settings()).for_worker(1)
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn reads_by_id_share_a_statement_and_each_sees_its_own_rows() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let draft = ada.post("/posts", json!({ "title": "Draft", "content": "…" }));
    let draft = draft.await.expect_status(201).id();
    let published = bob.publish("Published").await.id();
    let kernel = worker(&app).await;
    let member = |client: &Client| {
        Actor::User(Caller {
            user_id: client.id,
            credential: Credential::Session(0),
            is_superuser: false,
            grants: [Permission::new("posts.read.own")].into_iter().collect(),
            scopes: None,
            withheld: None,
        })
    };
    let actors = [member(&ada), member(&bob), Actor::System, Actor::Anonymous];
    let sessions = actors.map(|actor| kernel.session(actor));
    app.statements.take();

    let reads = sessions.iter().flat_map(|session| {
        [draft, published, i64::MAX].map(|id| async move {
            let found = Posts::get(session, id, &Shape::default()).await;
            match found {
                Ok(found) => Some(found.row.id),
                Err(Error::NotFound) => None,
                Err(error) => panic!("{error}"),
            }
        })
    });
    let holder = Sql::open(&app.url).await;
    holder.run(HOLD).await;
    let mut found = pin!(join_all(reads));
    assert!(poll!(&mut found).is_pending());
    holder.run("COMMIT").await;
    let found = found.await;

    let both = [Some(draft), Some(published), None];
    let public = [None, Some(published), None];
    assert_eq!(found, [both, public, both, public].concat());
    let statements = app.statements.take();
    // The condition of Ada and Bob is the same with different values; each of the others has a condition of its own. The first read
    // of each condition runs at once, and the others wait for it and share a statement.
    let shared = statements.iter().filter(|sql| sql.contains("LATERAL"));
    assert_eq!((shared.count(), statements.len()), (3, 6), "{statements:?}");
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn reads_that_wait_for_one_that_is_cancelled_are_answered() {
    let app = TestApp::new().await;
    let id = app.member("ada").await.publish("Tides").await.id();
    let session = worker(&app).await.session(Actor::System);
    let shape = Shape::default();
    let read = async || {
        Posts::get(&session, id, &shape)
            .await
            .map(|found| found.row.id)
    };
    read().await.unwrap();

    let holder = Sql::open(&app.url).await;
    holder.run(HOLD).await;
    let mut waiting = pin!(join_all([read(), read()]));
    {
        let mut first = pin!(read());
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut waiting).is_pending());
    }

    holder.run("COMMIT").await;
    let answers = waiting.await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(found) if *found == id)),
        "{answers:?}"
    );
}
