//! The cache of callers on each node, and the notices that invalidate it, on PostgreSQL with several nodes (contract §5, §9).
mod clocks;

use std::time::{Duration, Instant};

use super::nodes::{self, CHEAP, LIFETIME, is_remembered, remembering};
use migration::MIGRATOR;
use tests::{
    Backend, Client, PASSWORD, Sql, TestApp,
    postgres::{GIVEN, ThrowAway, connect, say},
    process::{Program, eventually},
    without_notifications,
};

/// A caller is cached for a second. A busy machine may take longer to ask.
const BOUND: Duration = Duration::from_secs(10);

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_change_on_any_node_invalidates_the_cached_caller() {
    let (url, _place) = Backend::Postgres.fresh().await;
    nodes::a_change_invalidates_the_cached_caller(&url, Backend::Postgres).await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn callers_are_not_cached_while_the_change_feed_is_down() {
    let Some(mut server) = ThrowAway::start(tests::folder()) else {
        say(&format!(
            "NOT RUN: this test freezes its PostgreSQL server, and must not freeze the one that {GIVEN} names"
        ));
        return;
    };
    drop(connect(&server.url).await);
    let database = kernel::Database::connect(&tests::settings(&server.url), None)
        .await
        .unwrap();
    database.migrations(MIGRATOR).up(None).await.unwrap();
    let patient = remembering(&server.url, Backend::Postgres).await;
    let ada = patient.member("ada").await;
    let app = TestApp::at(&server.url, Backend::Postgres, |with| {
        with.service.auth.cache_lifetime = LIFETIME;
        with.database = |database| database.outage_timeout = Duration::from_millis(1_500);
    })
    .await;
    let ada = Client::new(app.address, Some(ada.token().to_owned()), ada.id);
    is_remembered(&app, &ada).await;

    server.freeze();

    eventually("a caller is no longer taken from the cache", async || {
        let reply = ada.get(CHEAP).await;
        (reply.status == 503).then_some(())
    })
    .await;
    server.thaw();
    eventually("the database is known to be back", async || {
        (ada.get(CHEAP).await.status == 404).then_some(())
    })
    .await;
    is_remembered(&app, &ada).await;
}

/// Behind a pooler that delivers no notifications a caller is cached for a second, whoever ends the session, and however.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn without_notifications_a_token_is_refused_within_a_second() {
    let (url, _place) = Backend::Postgres.fresh().await;
    let app = remembering(&url, Backend::Postgres).await;
    let sql = Sql::open(&url).await;
    let url = without_notifications(&url).await;
    let deaf = remembering(&url, Backend::Postgres).await;
    app.user("ada", false, &[]).await;
    for is_announced in [true, false, true, false] {
        let token = app.anonymous().login("ada", PASSWORD).await;
        let here = app.anonymous().with_token(&token);
        let there = deaf.anonymous().with_token(&token);
        is_remembered(&deaf, &there).await;

        if is_announced {
            here.act("/auth/logout").await.expect_status(204);
        } else {
            // What a node leaves that is killed between its COMMIT and a message.
            sql.run("DELETE FROM sessions").await;
        }
        let since = Instant::now();
        eventually("the token is refused", async || {
            (there.get(CHEAP).await.status == 401).then_some(())
        })
        .await;
        assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    }
    sql.close().await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_token_that_one_process_revokes_is_refused_by_the_other() {
    let (url, _place) = Backend::Postgres.fresh().await;
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test")).with("DATABASE_URL", &url);
    let ada = "user create --username ada --email ada@example.org";
    program.ok(ada, PASSWORD).await;
    let ((_one, here), (_other, there)) = (program.serve().await, program.serve().await);
    let (here, there) = (Client::new(here, None, 0), Client::new(there, None, 0));

    for _ in 0..10 {
        let token = here.login("ada", PASSWORD).await;
        for _ in 0..3 {
            there
                .with_token(&token)
                .get("/auth/me")
                .await
                .expect_status(200);
        }
        here.with_token(&token)
            .act("/auth/logout")
            .await
            .expect_status(204);

        eventually("the other process refuses the token", async || {
            let me = there.with_token(&token).get("/auth/me").await;
            (me.status == 401).then_some(())
        })
        .await;
    }
}
