//! Committed entries get one order and a chain of blocks that reveals later changes.
mod on_postgres;

use std::time::Duration;

use futures_util::future::join_all;
use kernel::{
    Actor, Kernel,
    audit::{Problem, Verdict, seal, verify},
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use service::retention;
use tests::{Client, Service, TestApp, json, process::eventually, sql};

use super::{actions, entries, history};

/// Seals all entries in one block. On PostgreSQL it waits for transactions that may still write earlier entries, even those of
/// other tests: transaction ids belong to the whole server.
pub async fn seal_all(kernel: &Kernel) {
    if !kernel.database.is_sqlite() {
        let free = async || (entries_that_must_wait(kernel).await == 0).then_some(());
        eventually("no earlier transaction is running", free).await;
    }
    seal(kernel).await.unwrap();
    assert_eq!(verify(kernel, None).await.unwrap().unsealed, 0);
}

/// Returns the number of entries that a running transaction may still come before.
async fn entries_that_must_wait(kernel: &Kernel) -> i64 {
    let waiting = "SELECT count(*) AS waiting FROM audit_entries WHERE transaction_id \
        BETWEEN CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) \
        AND CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)";
    let session = kernel.session(Actor::System);
    let waiting = session.write(async |tx| {
        let waiting = Statement::from_string(DbBackend::Postgres, waiting);
        let row = tx.query_one_raw(waiting).await?.unwrap();
        Ok(row.try_get("", "waiting")?)
    });
    waiting.await.unwrap()
}

async fn problems(kernel: &Kernel) -> Vec<Problem> {
    verify(kernel, None).await.unwrap().problems
}

/// Creates and seals a post with three versions: entries 3 to 5, after two about its author.
async fn sealed() -> (TestApp, Client, String) {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    for title in ["Two", "Three"] {
        ada.patch(post.url(), json!({ "title": title }))
            .await
            .expect_status(200);
    }
    seal_all(&app.kernel).await;
    (app, ada, post.url().to_owned())
}

#[actix_web::test]
async fn sealed_entries_are_numbered_without_gaps() {
    let (app, ada, post) = sealed().await;
    ada.delete(&post).await.expect_status(204);
    let root = app.superuser("root").await;

    let before = root.get("/audit?sort=seq&limit=100").await;
    seal_all(&app.kernel).await;
    let after = root.get("/audit?sort=seq&limit=100").await;

    let places = |page| {
        entries(page)
            .iter()
            .map(|entry| entry["seq"].as_i64())
            .collect::<Vec<_>>()
    };
    assert!(places(&before).contains(&None), "new ones have none yet");
    let all = places(&after);
    assert_eq!(
        all,
        (1..=all.len())
            .map(|seq| i64::try_from(seq).ok())
            .collect::<Vec<_>>()
    );
    let Verdict {
        unsealed,
        problems,
        entries,
        ..
    } = verify(&app.kernel, None).await.unwrap();
    assert_eq!(
        (unsealed, problems, usize::try_from(entries).unwrap()),
        (0, Vec::new(), all.len())
    );
}

#[actix_web::test]
async fn an_altered_entry_is_found() {
    let tricks = [
        (
            "UPDATE audit_entries SET changes = '{}' WHERE id = 4",
            Problem::Altered { seq: 4 },
        ),
        (
            "UPDATE audit_entries SET salt = 'x' WHERE id = 4",
            Problem::Altered { seq: 4 },
        ),
        (
            "UPDATE audit_entries SET texts = '{}' WHERE id = 3",
            Problem::Altered { seq: 3 },
        ),
        (
            "UPDATE audit_entries SET actor_id = 7 WHERE id = 4",
            Problem::Broken {
                number: 1,
                first_seq: 1,
                last_seq: 5,
            },
        ),
        (
            "UPDATE audit_entries SET action = 'deleted' WHERE id = 4",
            Problem::Broken {
                number: 1,
                first_seq: 1,
                last_seq: 5,
            },
        ),
        (
            "DELETE FROM audit_entries WHERE id = 4",
            Problem::Missing { seq: 4 },
        ),
        (
            "DELETE FROM audit_seals WHERE seq = 4",
            Problem::Missing { seq: 4 },
        ),
    ];
    for (trick, problem) in tricks {
        let (app, ..) = sealed().await;
        assert_eq!(problems(&app.kernel).await, []);

        sql::run(&app.kernel, trick).await;

        let found = problems(&app.kernel).await;
        assert_eq!(found.first(), Some(&problem), "{trick}: {found:?}");
    }
}

#[actix_web::test]
async fn an_entry_that_was_inserted_among_sealed_ones_is_found() {
    let (app, ..) = sealed().await;
    sql::run(&app.kernel, "DELETE FROM audit_seals WHERE seq = 5").await;
    let again = "UPDATE audit_blocks SET last_seq = 4";
    sql::run(&app.kernel, again).await;

    let found = problems(&app.kernel).await;

    assert!(found.contains(&Problem::Inserted { id: 5 }), "{found:?}");
}

/// Without the receipt a truncated chain looks like a new one.
#[actix_web::test]
async fn a_truncated_chain_does_not_match_its_receipt() {
    let (app, ada, post) = sealed().await;
    ada.patch(&post, json!({ "title": "Four" }))
        .await
        .expect_status(200);
    seal_all(&app.kernel).await;
    let receipt = verify(&app.kernel, None).await.unwrap().receipt;
    let receipt = receipt.to_string().parse().unwrap();
    let with_receipt = async || verify(&app.kernel, Some(&receipt)).await.unwrap().problems;
    assert_eq!(with_receipt().await, []);

    for cut in [
        "DELETE FROM audit_entries WHERE id > 5",
        "DELETE FROM audit_seals WHERE seq > 5",
        "DELETE FROM audit_blocks WHERE number > 1",
    ] {
        sql::run(&app.kernel, cut).await;
    }

    assert_eq!(problems(&app.kernel).await, []);
    assert_eq!(with_receipt().await, [Problem::Truncated { seq: 6 }]);
}

#[actix_web::test]
async fn a_purge_erases_values_and_leaves_the_chain_valid() {
    let (app, ada, post) = sealed().await;
    let root = app.superuser("root").await;
    ada.delete(&post).await.expect_status(204);
    root.act(format!("{post}/purge")).await.expect_status(204);
    seal_all(&app.kernel).await;

    assert_eq!(problems(&app.kernel).await, []);
    assert!(history(&root, &post).await[0]["changes"].is_null());
}

/// An unrecorded erasure is an alteration.
#[actix_web::test]
async fn values_that_were_erased_without_a_purge_are_found() {
    let (app, ..) = sealed().await;

    sql::run(
        &app.kernel,
        "UPDATE audit_entries SET changes = NULL, texts = NULL, salt = NULL WHERE id = 4",
    )
    .await;

    assert_eq!(problems(&app.kernel).await, [Problem::Altered { seq: 4 }]);
}

#[actix_web::test]
async fn one_altered_entry_among_ten_thousand_is_found() {
    let service = Service::new().await;
    let series = if Service::new().await.kernel.database.is_sqlite() {
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT '2026-01-01T00:00:00.000000+00:00', 'posts', i, 'created', 1, '{}', 'salt' FROM n"
    } else {
        "SELECT now(), 'posts', i, 'created', 1, '{}', 'salt' FROM generate_series(1, 10000) i"
    };
    let insert = format!(
        "INSERT INTO audit_entries (created_at, resource, resource_id, action, version, changes, salt) {series}"
    );
    sql::run(&service.kernel, &insert).await;
    seal_all(&service.kernel).await;
    assert_eq!(problems(&service.kernel).await, []);

    sql::run(
        &service.kernel,
        "UPDATE audit_entries SET changes = '[]' WHERE id = 6789",
    )
    .await;

    assert_eq!(
        problems(&service.kernel).await,
        [Problem::Altered { seq: 6789 }]
    );
}

#[actix_web::test]
async fn concurrent_sealers_make_one_chain() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for round in 0..5 {
        let publish = async |number| drop(ada.publish(&format!("{round}-{number}")).await);
        let seal = async |_| drop(seal(&app.kernel).await);
        tokio::join!(join_all((0..8).map(publish)), join_all((0..8).map(seal)));
    }
    seal_all(&app.kernel).await;

    let verdict = verify(&app.kernel, None).await.unwrap();

    assert_eq!((verdict.problems, verdict.entries), (Vec::new(), 42));
}

#[actix_web::test]
async fn old_entries_are_removed_and_the_rest_stays_valid() {
    let app = TestApp::with(|with| with.service.audit.retention = Duration::from_hours(24)).await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    seal_all(&app.kernel).await;
    ada.patch(post.url(), json!({ "title": "Two" }))
        .await
        .expect_status(200);
    seal_all(&app.kernel).await;
    let receipt = verify(&app.kernel, None).await.unwrap().receipt;
    let old = if app.backend.is_postgres() {
        "now() - interval '25 hours'"
    } else {
        "'2001-01-01T00:00:00.000000+00:00'"
    };
    let age = |from: &str| format!("UPDATE audit_blocks SET created_at = {old} {from}");
    sql::run(&app.kernel, &age("WHERE number = 1")).await;

    retention::purge(&app.kernel, |_| {}).await.unwrap();

    assert_eq!(actions(&history(&ada, post.url()).await), ["updated"]);
    assert_eq!(
        verify(&app.kernel, Some(&receipt)).await.unwrap().problems,
        []
    );
    let revert = ada
        .post(format!("{}/revert", post.url()), json!({ "version": 1 }))
        .await;
    // The remaining entry has the title, and nothing else changed.
    revert.expect_status(200);
    // The last block stays, whatever its age.
    seal_all(&app.kernel).await;
    sql::run(&app.kernel, &age("")).await;
    retention::purge(&app.kernel, |_| {}).await.unwrap();
    let verdict = verify(&app.kernel, Some(&receipt)).await.unwrap();
    assert_eq!((verdict.problems, verdict.blocks), (Vec::new(), 1));
    sql::run(
        &app.kernel,
        "UPDATE audit_prunes SET last_seq = last_seq - 1",
    )
    .await;
    assert!(!problems(&app.kernel).await.is_empty());
}
