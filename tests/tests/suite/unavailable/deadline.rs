//! One deadline for all statements of a request, counted from its arrival.
use std::time::Duration;

use kernel::{Actor, Error, Limit, ReadOperations, Session, query::ListQuery};
use service::{Posts, registry};
use tests::{PASSWORD, Service, TestApp, json};
use tokio::time::Instant;

async fn list(session: &Session) -> kernel::Result<()> {
    let everything = ListQuery::<Posts>::parse([], registry()).unwrap();
    Posts::list(session, &everything).await.map(drop)
}

#[actix_web::test]
async fn a_statement_gets_only_the_time_that_is_left_of_its_request() {
    let service = Service::new().await;
    let limit = Duration::from_secs(30);
    let session = |arrival: Instant| {
        let kernel = service.kernel.clone().for_request(arrival, Limit::Read);
        kernel.session(Actor::System)
    };
    let (early, late) = (session(Instant::now()), session(Instant::now() - limit));

    list(&early).await.unwrap();
    let read = list(&late).await;
    let written = late.write(async |_| Ok(())).await;

    assert!(matches!(read, Err(Error::QueryTimeout(_))), "{read:?}");
    assert!(written.is_err());
    // Work in batches has a new deadline for each batch, and a long operation has a later deadline.
    list(&session(Instant::now() - limit).per_batch())
        .await
        .unwrap();
    list(&session(Instant::now() - limit).long()).await.unwrap();
}

#[actix_web::test]
async fn the_server_works_without_named_prepared_statements() {
    let app = TestApp::with(|with| with.database = |database| database.statement_cache = 0).await;
    let anyone = app.anonymous();
    let user = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });

    anyone.post("/auth/register", user).await.expect_status(201);
    let ada = anyone.with_token(&anyone.login("ada", PASSWORD).await);
    for title in ["One", "Two", "Three"] {
        let post = ada.publish(title).await;
        let patch = json!({ "summary": "Short" });
        ada.patch(post.url(), patch).await.expect_status(200);
        anyone.get(post.url()).await.expect_status(200);
    }
    let posts = anyone.get("/posts?sort=title&include=author").await;

    assert_eq!(posts.expect_status(200).ids().len(), 3);
}
