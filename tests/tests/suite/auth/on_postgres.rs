//! The cache of callers on each node, and the notices that invalidate it, on PostgreSQL with several nodes (contract §5, §9).
mod clocks;

use std::time::Duration;

use migration::MIGRATOR;
use tests::{
    Backend, Client, PASSWORD, TestApp, json,
    postgres::{GIVEN, ThrowAway, connect, say},
    process::{Program, eventually},
};

/// Longer than any test waits, so an entry leaves the cache only because of a notice.
const LIFETIME: Duration = Duration::from_hours(1);

/// This row does not exist: a signed-in caller gets 404, so the only query looks up the caller.
const CHEAP: &str = "/auth/cookie";

async fn remembering(url: &str) -> TestApp {
    let remember = |knobs: &mut tests::Knobs| knobs.service.auth.cache_lifetime = LIFETIME;
    TestApp::at(url, Backend::Postgres, remember).await
}

/// Waits until the server answers a request of this client without a statement.
async fn is_remembered(app: &TestApp, client: &Client) {
    eventually("a caller is remembered", async || {
        app.statements.take();
        let reply = client.get(CHEAP).await;
        (reply.status == 404 && app.statements.take().is_empty()).then_some(())
    })
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_change_on_any_node_invalidates_the_cached_caller() {
    let (url, _place) = Backend::Postgres.fresh().await;
    let (here, there) = (remembering(&url).await, remembering(&url).await);
    let root = here.superuser("root").await;
    let elsewhere =
        |client: &Client| Client::new(there.address, Some(client.token().to_owned()), client.id);
    let users = |client: &Client| format!("/users/{}", client.id);
    let editor = here.user("somebody", false, &[]).await;
    let role = root.get("/roles?name=editor").await.ids()[0];

    let cases: [(&str, u16); 7] = [
        ("logout", 401),
        ("sessions", 401),
        ("password", 401),
        ("deactivated", 401),
        ("deleted", 401),
        ("role", 403),
        ("permissions", 403),
    ];
    for (case, expected) in cases {
        let ada = here.editor(case).await;
        let path = if expected == 403 {
            format!("/users/{editor}/roles")
        } else {
            "/auth/me".to_owned()
        };
        is_remembered(&here, &ada).await;
        is_remembered(&there, &elsewhere(&ada)).await;
        elsewhere(&ada).get(&path).await.expect_status(200);

        match case {
            "logout" => drop(ada.act("/auth/logout").await.expect_status(204)),
            "sessions" => drop(ada.delete("/auth/sessions").await.expect_status(204)),
            "password" => {
                let other = ada.with_token(&here.anonymous().login(case, PASSWORD).await);
                let change =
                    json!({ "current_password": PASSWORD, "new_password": "Tr0ub4dour and more" });
                other
                    .post("/auth/password", change)
                    .await
                    .expect_status(204);
            }
            "deactivated" => {
                let off = json!({ "is_active": false });
                root.patch(users(&ada), off).await.expect_status(200);
            }
            "deleted" => drop(root.delete(users(&ada)).await.expect_status(204)),
            "role" => {
                let editors = format!("{}/roles/{role}", users(&ada));
                root.delete(editors).await.expect_status(204);
            }
            _ => {
                let none = json!({ "permissions": ["posts.read"] });
                root.patch(format!("/roles/{role}"), none)
                    .await
                    .expect_status(200);
            }
        }

        ada.get(&path).await.expect_status(expected);
        eventually(case, async || {
            let status = elsewhere(&ada).get(&path).await.status;
            (status == expected).then_some(())
        })
        .await;
    }
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
    let patient = remembering(&server.url).await;
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
