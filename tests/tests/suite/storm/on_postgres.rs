//! PostgreSQL, where sqlx 0.9 puts a connection whose BEGIN was cancelled back into its pool inside an open transaction
//! (transact-rs/sqlx#4394).
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use sqlx::PgPool;
use tests::{Backend, Service, Sql, process::eventually};
use tokio::time::timeout;

/// Cancelled transactions, each followed by one write that is acknowledged.
const TRIES: i64 = 20;

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn no_acknowledged_write_is_lost_in_a_storm_of_resets() {
    let (acknowledged, lost) = super::weather(Backend::Postgres).await;

    assert!(
        lost.is_empty(),
        "{} of {acknowledged} are lost: {lost:?}",
        lost.len()
    );
    assert!(acknowledged > 0);
    println!("{acknowledged} acknowledged, {} lost", lost.len());
}

/// If this fails, sqlx is cured, and its own pool may do.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_plain_pool_loses_writes_behind_a_cancelled_begin() {
    let service = Service::new().await;
    let mut plain = ConnectOptions::new(&service.url);
    plain
        .max_connections(1)
        .test_before_acquire(false)
        .sqlx_logging(false);

    let pool = Database::connect(plain).await.unwrap();
    let lost = lost_behind_cancelled_begins(&pool, &service.url).await;

    println!("{lost} of {TRIES} lost");
    assert!(
        lost > 0,
        "this pool is not in danger, so what guards it is for nothing"
    );
}

/// Writes that are dropped at every step of their way, each followed by one that is acknowledged.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_pool_of_the_service_loses_none_behind_a_dropped_write() {
    let service = Service::with(|settings| settings.max_connections = 1).await;
    let sql = Sql::open(&service.url).await;
    sql.run("CREATE TABLE ledger (entry bigint NOT NULL)").await;

    for entry in 0..TRIES {
        let dropped = service.write(async |tx| {
            tx.execute_unprepared("INSERT INTO ledger VALUES (-1)")
                .await?;
            Ok(())
        });
        // A time that is another part of the write each time.
        let _ = timeout(
            Duration::from_micros(200) * u32::try_from(entry).unwrap(),
            dropped,
        )
        .await;
        let insert = format!("INSERT INTO ledger VALUES ({entry})");
        let written = service.write(async |tx| Ok(tx.execute_unprepared(&insert).await?));
        written.await.unwrap();
    }

    let kept = "SELECT count(*) FROM ledger WHERE entry >= 0";
    assert_eq!(sql.number(kept).await, TRIES);
}

/// How many of the acknowledged writes are gone after others began and changed their minds.
async fn lost_behind_cancelled_begins(pool: &DatabaseConnection, url: &str) -> i64 {
    let sql = Sql::open(url).await;
    sql.run("CREATE TABLE ledger (entry bigint NOT NULL)").await;
    for entry in 0..TRIES {
        let pool_of_one = pool.get_postgres_connection_pool();
        eventually("the connection is back in its pool", async || {
            (pool_of_one.num_idle() == 1).then_some(())
        })
        .await;
        cancel_begin(pool_of_one).await;
        let insert = format!("INSERT INTO ledger VALUES ({entry})");
        pool.execute_unprepared(&insert).await.unwrap();
        pool.begin().await.unwrap().rollback().await.unwrap();
    }
    pool.close_by_ref().await.unwrap();
    TRIES - sql.number("SELECT count(*) FROM ledger").await
}

/// Begins a transaction, and goes away before the server has answered.
async fn cancel_begin(pool: &PgPool) {
    let mut begin = pin!(pool.begin_with("BEGIN; SELECT pg_sleep(0.02)"));
    poll_fn(|cx| {
        assert!(begin.as_mut().poll(cx).is_pending(), "it answers too fast");
        Poll::Ready(())
    })
    .await;
}
