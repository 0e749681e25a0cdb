//! A failed write on SQLite never loses a later write that was acknowledged.
mod on_file;

use std::time::Duration;

use tests::{Backend, PASSWORD, TestApp, json, process::eventually};

/// The numbers of consecutive writes that fail before one succeeds.
const IN_A_ROW: [usize; 3] = [1, 2, 7];

/// SQLite ends a transaction by itself if the disk is full. A trigger that raises ROLLBACK does the same: sqlx still counts the
/// ended transaction, and the ROLLBACK that follows fails.
const TRAPS: [&str; 2] = [
    "CREATE TRIGGER full_posts BEFORE INSERT ON posts WHEN NEW.title LIKE 'full%' BEGIN SELECT RAISE(ROLLBACK, 'full'); END",
    "CREATE TRIGGER full_seals BEFORE INSERT ON audit_seals BEGIN SELECT RAISE(ROLLBACK, 'full'); END",
];

/// Starts a server on SQLite, or returns `None`: another database has no such state.
async fn on_sqlite() -> Option<TestApp> {
    let is_sqlite = !Backend::current().is_postgres();
    if is_sqlite {
        Some(TestApp::new().await)
    } else {
        None
    }
}

/// Runs SQL where the server writes.
async fn run(app: &TestApp, sql: &str) -> kernel::Result<()> {
    use sea_orm::ConnectionTrait;
    let session = app.kernel.session(kernel::Actor::System);
    session
        .write(async |tx| {
            tx.execute_unprepared(sql).await?;
            Ok(())
        })
        .await
}

/// Returns true if a new transaction sees a row. An open transaction is rolled back first.
async fn is_kept(app: &TestApp, sql: &str) -> bool {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    // The transaction is ended by hand, so its COMMIT fails.
    run(app, "ROLLBACK").await.unwrap_err();
    let session = app.kernel.session(kernel::Actor::System);
    let row = session.write(async |tx| {
        let select = Statement::from_string(DbBackend::Sqlite, sql);
        Ok(tx.query_one_raw(select).await?.is_some())
    });
    row.await.unwrap()
}

#[actix_web::test]
async fn a_write_after_transactions_that_ended_by_themselves_is_kept() {
    let Some(app) = on_sqlite().await else { return };
    let ada = app.member("ada").await;
    run(&app, TRAPS[0]).await.unwrap();

    for failures in IN_A_ROW {
        for number in 0..failures {
            let full = json!({ "title": format!("full {number}"), "content": "…" });
            ada.post("/posts", full).await.expect_status(500);
            // A refused write rolls back only to a savepoint if the transaction is nested.
            ada.patch("/posts/999999", json!({ "title": "None" }))
                .await
                .expect_status(404);
        }
        let title = format!("After {failures}");
        ada.publish(&title).await;

        let there = format!("SELECT 1 FROM posts WHERE title = '{title}'");
        assert!(is_kept(&app, &there).await, "{title} is lost");
    }
}

#[actix_web::test]
async fn a_write_after_a_sealer_that_failed_is_kept() {
    let Some(app) = on_sqlite().await else { return };
    let ada = app.member("ada").await;
    run(&app, TRAPS[1]).await.unwrap();

    for failures in IN_A_ROW {
        for _ in 0..failures {
            kernel::audit::seal(&app.kernel).await.unwrap_err();
            ada.delete("/posts/999999").await.expect_status(404);
        }
        let title = format!("After {failures}");
        ada.publish(&title).await;

        let there = format!("SELECT 1 FROM posts WHERE title = '{title}'");
        assert!(is_kept(&app, &there).await, "{title} is lost");
    }
    run(&app, "DROP TRIGGER full_seals").await.unwrap();
    assert!(kernel::audit::seal(&app.kernel).await.unwrap() > 0);
}

/// COMMIT, RELEASE and ROLLBACK fail with different codes, and leave the transaction open or ended.
#[actix_web::test]
async fn every_kind_of_write_is_kept_after_every_kind_of_failed_end() {
    let Some(app) = on_sqlite().await else { return };
    let admin = app.superuser("root").await;
    // COMMIT fails with SQLITE_ERROR, as there is no transaction.
    let ended = "ROLLBACK";
    // COMMIT fails with SQLITE_CONSTRAINT_FOREIGNKEY, and the transaction stays open.
    let violated = "PRAGMA defer_foreign_keys = ON; UPDATE posts SET author_id = 999999";
    let open_savepoint = "ROLLBACK; SAVEPOINT other";
    let ends = [
        vec![ended],
        vec![violated],
        vec![ended, violated],
        vec![open_savepoint],
        vec![violated, ended, open_savepoint, violated, violated],
    ];
    admin.publish("First").await;

    for (round, failures) in ends.iter().enumerate() {
        let post = admin.publish(&format!("Before {round}")).await;
        let ada = format!("ada-{round}");
        let token = {
            app.member(&ada).await;
            app.anonymous().login(&ada, PASSWORD).await
        };
        for failure in failures {
            // A savepoint that is not released commits, with nothing in it.
            let failed = run(&app, failure).await;
            assert!(failed.is_err() || *failure == open_savepoint, "{failure}");
        }

        let leaving = app.anonymous().with_token(&token);
        leaving.act("/auth/logout").await.expect_status(204);
        leaving.get("/auth/me").await.expect_status(401);
        let body = json!({ "title": format!("Changed {round}") });
        admin.patch(post.url(), body).await.expect_status(200);
        let name = format!("new-{round}");
        let new = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        app.anonymous()
            .post("/auth/register", new)
            .await
            .expect_status(201);
        let rows = format!("{{\"title\":\"Imported {round}\",\"content\":\"…\"}}\n");
        admin.import("/posts/import", rows).await.expect_status(200);
        let gone = admin.publish(&format!("Gone {round}")).await;
        admin.delete(gone.url()).await.expect_status(204);

        for kept in [
            format!("posts WHERE title = 'Changed {round}'"),
            format!("users WHERE username = 'new-{round}'"),
            format!("posts WHERE title = 'Imported {round}'"),
            format!("posts WHERE title = 'Gone {round}' AND deleted_at IS NOT NULL"),
        ] {
            let there = format!("SELECT 1 FROM {kept}");
            assert!(is_kept(&app, &there).await, "{failures:?}: {kept}");
        }
        leaving.get("/auth/me").await.expect_status(401);
    }
}

#[actix_web::test]
async fn a_write_to_a_full_database_is_refused_with_the_reason() {
    let Some(app) = on_sqlite().await else { return };
    let ada = app.member("ada").await;
    run(&app, "PRAGMA max_page_count = 1").await.unwrap();

    let long = "x".repeat(90_000);
    let mut refused = None;
    for number in 0..50 {
        let post = json!({ "title": format!("{number}"), "content": long });
        let reply = ada.post("/posts", post).await;
        if reply.status != 201 {
            refused = Some(reply.expect_problem(503, "unavailable"));
            break;
        }
    }

    let refused = refused.unwrap();
    assert_eq!(
        refused.body["detail"],
        "the database disk is full: try again later"
    );
    refused.header("retry-after");
    ada.get("/posts").await.expect_status(200);
    run(&app, "PRAGMA max_page_count = 4294967294")
        .await
        .unwrap();
    ada.publish("After").await;
    let there = "SELECT 1 FROM posts WHERE title = 'After'";
    assert!(is_kept(&app, there).await);
}

#[actix_web::test]
async fn a_database_that_another_process_writes_is_unavailable_for_a_moment() {
    if Backend::current() != Backend::File {
        return;
    }
    let app = TestApp::with(|with| {
        with.database = |database| database.acquire_timeout = Duration::from_secs(1);
    })
    .await;
    let ada = app.member("ada").await;
    let other = tests::Sql::open(&app.url).await;

    other.run("BEGIN IMMEDIATE").await;
    for _ in 0..2 {
        let post = json!({ "title": "Busy", "content": "…" });
        let refused = ada.post("/posts", post).await;
        refused
            .expect_problem(503, "unavailable")
            .header("retry-after");
    }
    other.run("ROLLBACK").await;

    ada.publish("After").await;
    assert_eq!(other.texts("SELECT title FROM posts").await, ["After"]);
    eventually("the server is ready", async || {
        let ready = app.anonymous().get("//readyz").await;
        (ready.status == 200).then_some(())
    })
    .await;
}
