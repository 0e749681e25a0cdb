//! What operators learn about replicas.
use std::time::Duration;

use tests::process::{Program, eventually};

use super::super::{Cluster, is_unused};

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_state_of_the_server_shows_each_replica() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster
        .node(false, |database| {
            database.replica_max_lag = Duration::from_secs(10);
        })
        .await;
    let root = app.superuser("root").await;
    let shown = async || {
        let status = root.get("/system").await.expect_status(200).body;
        status["replicas"].as_array().unwrap().clone()
    };

    let [replica] = <[_; 1]>::try_from(shown().await).unwrap();
    let (_, place) = cluster.replica.url.split_once('@').unwrap();
    let place = place.split_once('/').unwrap().0;
    let found = format!("{}:{}", replica["host"].as_str().unwrap(), replica["port"]);
    assert_eq!(found, place);
    assert_eq!(replica["name"], "replica1");
    assert_eq!(replica["used"], true, "{replica}");
    assert_eq!(replica["reason"], "follows the primary");
    let lag = replica["lag_seconds"].as_f64().unwrap();
    assert!((0.0..=10.0).contains(&lag), "{replica}");
    let members = replica.as_object().unwrap().len();
    assert_eq!(members, 6, "no user and no password: {replica}");

    cluster.replica.stop();
    is_unused(&app).await;
    let [replica] = <[_; 1]>::try_from(shown().await).unwrap();
    assert_eq!(replica["used"], false, "{replica}");
    assert_eq!(replica["reason"], "does not answer");
    assert!(replica["lag_seconds"].is_null(), "{replica}");
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_replica_that_lags_too_far_is_shown_as_unused() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster
        .node(false, |database| {
            database.replica_max_lag = Duration::from_secs(1);
        })
        .await;
    let root = app.superuser("root").await;
    cluster.pause().await;
    root.publish("After the pause").await;

    eventually("the lag is shown", async || {
        let status = root.get("/system").await.expect_status(200).body;
        let replica = &status["replicas"][0];
        let lag = replica["lag_seconds"].as_f64()?;
        (lag > 1.0 && replica["used"] == false).then(|| {
            assert_eq!(
                replica["reason"],
                "is further behind the primary than database.replica_max_lag"
            );
        })
    })
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_doctor_names_a_replica_that_is_away() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let program = || {
        Program::new(env!("CARGO_BIN_EXE_atoll-under-test"))
            .with("DATABASE_URL", &cluster.primary.url)
    };
    let alone = program().run("doctor", "").await;
    let alone = String::from_utf8_lossy(&alone.stdout).into_owned();
    // 10 of the pool, and 2 for changes and the heartbeat.
    assert!(alone.contains("a node opens up to 12 of"), "{alone}");
    let program = program().with("ATOLL__DATABASE__REPLICA_URLS", &cluster.replica.url);

    let table = program.run("doctor", "").await;
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("behind the primary"), "{table}");
    // 1 more compares the replica with the primary.
    assert!(table.contains("a node opens up to 13 of"), "{table}");

    cluster.replica.stop();
    let table = program.run("doctor", "").await;
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("does not answer"), "{table}");
    let (mut server, address) = program.serve().await;
    let anyone = tests::Client::new(address, None, 0);
    anyone.get("/posts").await.expect_status(200);
    server.kill();
}
