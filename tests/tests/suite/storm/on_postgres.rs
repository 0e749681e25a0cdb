//! PostgreSQL, where sqlx 0.9 puts a connection whose BEGIN was cancelled back into its pool inside an open transaction
//! (transact-rs/sqlx#4394).
use std::{future::poll_fn, pin::pin, task::Poll};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use service::Reads;
use tests::{Backend, Service, Sql, scaled};

/// Cancelled transactions, each followed by one write that is acknowledged.
const TRIES: usize = 60;

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

/// If this fails, sqlx is cured: the pool's `after_release` may go.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_plain_pool_loses_writes_behind_a_cancelled_begin() {
    let service = Service::new().await;
    let mut plain = ConnectOptions::new(&service.url);
    plain.max_connections(1).sqlx_logging(false);

    let pool = Database::connect(plain).await.unwrap();
    let lost = lost_behind_cancelled_begins(&pool, &service.url);

    assert!(
        lost.await > 0,
        "this pool is not in danger, so what guards it is for nothing"
    );
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_pool_of_the_service_loses_none() {
    let service = Service::with(|settings| settings.max_connections = 1).await;
    let session = service.session();

    let lost = lost_behind_cancelled_begins(session.db().unwrap(), &service.url);

    assert_eq!(lost.await, 0);
}

/// How many of the acknowledged writes are gone once the pool is closed.
async fn lost_behind_cancelled_begins(pool: &DatabaseConnection, url: &str) -> i64 {
    let sql = Sql::open(url).await;
    sql.run("CREATE TABLE ledger (entry bigint NOT NULL)").await;
    let tries = i64::try_from(scaled(TRIES)).unwrap();
    for entry in 0..tries {
        cancel_begin(pool, entry % 6).await;
        let insert = format!("INSERT INTO ledger VALUES ({entry})");
        pool.execute_unprepared(&insert).await.unwrap();
    }
    pool.close_by_ref().await.unwrap();
    tries - sql.number("SELECT count(*) FROM ledger").await
}

/// Begins a transaction and drops it after it was polled so often, whatever it has sent by then.
async fn cancel_begin(pool: &DatabaseConnection, polls: i64) {
    let mut begin = pin!(pool.begin());
    let mut left = polls;
    poll_fn(|cx| {
        let done = begin.as_mut().poll(cx).is_ready();
        left -= 1;
        match done || left < 0 {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}
