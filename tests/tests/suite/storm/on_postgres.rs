//! PostgreSQL, where sqlx 0.9 puts a connection whose BEGIN was cancelled back into its pool inside an open transaction
//! (transact-rs/sqlx#4394).
use std::{future::poll_fn, pin::pin, task::Poll};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use sqlx::PgPool;
use tests::{Backend, Service, Sql, process::eventually};

/// Cancelled transactions, each followed by one write that is acknowledged.
const TRIES: i64 = 20;

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn no_acknowledged_write_is_lost_during_many_resets() {
    let (acknowledged, lost) = super::publish_during_resets(Backend::Postgres).await;

    assert!(
        lost.is_empty(),
        "{} of {acknowledged} are lost: {lost:?}",
        lost.len()
    );
    assert!(acknowledged > 0);
    println!("{acknowledged} acknowledged, {} lost", lost.len());
}

/// If this fails, the bug of sqlx is fixed, and its own pool may be used.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_plain_pool_loses_writes_behind_a_cancelled_begin() {
    let service = Service::new().await;
    let mut plain = ConnectOptions::new(&service.url);
    plain
        .max_connections(1)
        .test_before_acquire(false)
        .sqlx_logging(false);

    let pool = Box::pin(Database::connect(plain)).await.unwrap();
    let lost = lost_behind_cancelled_begins(&pool, &service.url).await;

    println!("{lost} of {TRIES} lost");
    assert!(
        lost > 0,
        "sqlx's pool lost no write, so the pool of the kernel is unnecessary"
    );
}

/// Writes are dropped at every step, and each is followed by one that is acknowledged.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_pool_of_the_service_loses_no_write_after_a_dropped_one() {
    let service = Service::with(|settings| settings.max_connections = 1).await;
    let sql = Sql::open(&service.url).await;
    sql.run("CREATE TABLE ledger (entry bigint NOT NULL)").await;

    for entry in 0..TRIES {
        let dropped = service.write(async |tx| {
            tx.execute_unprepared("INSERT INTO ledger VALUES (-1)")
                .await?;
            Ok(())
        });
        drop_after(dropped, entry).await;
        let insert = format!("INSERT INTO ledger VALUES ({entry})");
        let written = service.write(async |tx| Ok(tx.execute_unprepared(&insert).await?));
        written.await.unwrap();
    }

    let kept = "SELECT count(*) FROM ledger WHERE entry >= 0";
    assert_eq!(sql.number(kept).await, TRIES);
}

/// Polls a future this many times, and drops it.
async fn drop_after(work: impl Future, polls: i64) {
    let (mut work, mut polls) = (pin!(work), polls);
    poll_fn(|cx| {
        polls -= 1;
        if polls < 0 || work.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

/// Returns the number of acknowledged writes that are lost, each of which followed a transaction whose BEGIN was cancelled.
async fn lost_behind_cancelled_begins(pool: &DatabaseConnection, url: &str) -> i64 {
    let sql = Sql::open(url).await;
    sql.run("CREATE TABLE ledger (entry bigint NOT NULL)").await;
    for entry in 0..TRIES {
        let pool_of_one = pool.get_postgres_connection_pool();
        eventually("the connection is back in its pool", async || {
            (pool_of_one.num_idle() == 1).then_some(())
        })
        .await;
        sql.run("SELECT pg_advisory_lock(1)").await;
        cancel_begin(pool_of_one).await;
        sql.run("SELECT pg_advisory_unlock(1)").await;
        let insert = format!("INSERT INTO ledger VALUES ({entry})");
        pool.execute_unprepared(&insert).await.unwrap();
        pool.begin().await.unwrap().rollback().await.unwrap();
    }
    pool.close_by_ref().await.unwrap();
    TRIES - sql.number("SELECT count(*) FROM ledger").await
}

/// Begins a transaction, and drops it before the server has answered: the server waits for a lock that the test holds.
async fn cancel_begin(pool: &PgPool) {
    let mut begin = pin!(pool.begin_with("BEGIN; SELECT pg_advisory_xact_lock(1)"));
    poll_fn(|cx| {
        assert!(
            begin.as_mut().poll(cx).is_pending(),
            "the server cannot have answered"
        );
        Poll::Ready(())
    })
    .await;
}
