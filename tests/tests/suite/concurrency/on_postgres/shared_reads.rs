//! Concurrent reads by id share one statement, which applies the condition of each caller.
use futures_util::future::join_all;
use kernel::{
    Actor, Database, Error, ReadOperations,
    actor::{Caller, Credential},
    permission::Permission,
    query::Shape,
};
use service::Posts;
use tests::{Client, TestApp, json, service_settings};

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn reads_by_id_share_a_statement_and_each_sees_its_own_rows() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let draft = ada.post("/posts", json!({ "title": "Draft", "content": "…" }));
    let draft = draft.await.expect_status(201).id();
    let published = bob.publish("Published").await.id();
    // The workers of the server have all connections that it has for workers.
    let settings = tests::settings(&app.url);
    let database = Database::connect(&settings, Some(app.statements.observer()));
    let kernel = service::start(database.await.unwrap(), service_settings()).for_worker(1);
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
    let found = join_all(reads).await;

    let both = [Some(draft), Some(published), None];
    let public = [None, Some(published), None];
    assert_eq!(found, [both, public, both, public].concat());
    let statements = app.statements.take();
    // The condition of Ada and Bob is the same with different values; each of the others has a condition of its own. The first read
    // of each condition runs at once, and the others wait for it and share a statement.
    let shared = statements.iter().filter(|sql| sql.contains("LATERAL"));
    assert_eq!((shared.count(), statements.len()), (3, 6), "{statements:?}");
}
