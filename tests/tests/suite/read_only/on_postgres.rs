//! PostgreSQL refuses writes, as a standby does after a failover: servers are read-only meanwhile, by themselves.
use std::time::Duration;

use tests::{
    Backend, Client, Sql, TestApp,
    port::ReservedPort,
    postgres::{ThrowAway, connect, say},
    process::eventually,
};

use super::{reasons, switch, write};

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_route_switches_all_nodes() {
    super::all_nodes_have_one_mode(Backend::Postgres).await;
}

async fn is_ready(app: &TestApp, path: &str) -> bool {
    app.anonymous().get(path).await.status == 200
}

/// Checks a server while its database refuses writes, and afterwards.
async fn follows_the_database((app, root): (&TestApp, &Client), set: impl AsyncFn(&str)) {
    write(root).await.expect_status(201);
    set("on").await;
    eventually("the server refuses writes by itself", async || {
        let mode = root.get("/system/mode").await;
        (mode.status == 200 && reasons(&mode.body) == ["database"]).then_some(())
    })
    .await;
    let refused = write(root).await.expect_problem(503, "read_only");
    assert_eq!(refused.header("retry-after"), "1");
    let login = tests::json!({ "login": "root", "password": tests::PASSWORD });
    let refused = app.anonymous().post("/auth/login", login).await;
    refused.expect_problem(503, "read_only");
    // The mode of all nodes cannot be stored, and the answer says so.
    for mode in ["read_only", "read_write"] {
        let refused = switch(root, mode).await.expect_problem(503, "read_only");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(
            detail.contains("the database accepts no writes"),
            "{detail}"
        );
    }
    root.get("/posts").await.expect_status(200);
    let ready = app.anonymous().get("//readyz").await.expect_status(200);
    assert_eq!(ready.body["mode"], "read_only");
    assert_eq!(ready.body["checks"]["writable"], false);
    let for_writes = app.anonymous().get("//readyz/writes").await;
    for_writes.expect_problem(503, "read_only");

    set("off").await;
    eventually("the server writes again by itself", async || {
        let is_written = write(root).await.status == 201;
        (is_written && is_ready(app, "//readyz/writes").await).then_some(())
    })
    .await;
}

const OTHERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Starts a server that notices soon what its database does.
async fn app(url: &str) -> TestApp {
    let notices_soon = |with: &mut tests::Knobs| {
        with.database = |database| database.outage_timeout = Duration::from_millis(1_500);
    };
    TestApp::at(url, Backend::Postgres, notices_soon).await
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_database_without_writes_makes_its_server_read_only_until_it_accepts_them() {
    let (url, place) = Backend::Postgres.fresh().await;
    let mut app = app(&url).await;
    app.place = place;
    let (root, sql) = (app.superuser("root").await, Sql::open(&url).await);
    let name = sql.texts("SELECT current_database()::text").await.remove(0);

    let set = async |value: &str| {
        let set = format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = {value}");
        sql.run(&set).await;
        sql.number(OTHERS).await;
    };
    follows_the_database((&app, &root), set).await;
}

/// Waits for a new server, and makes the tables.
async fn make_tables(url: &str) {
    drop(connect(url).await);
    let settings = tests::settings(url);
    let database = kernel::Database::connect(&settings, None).await.unwrap();
    database
        .migrations(migration::MIGRATOR)
        .up(None)
        .await
        .unwrap();
    database.close().await.unwrap();
}

/// The setting changes under open connections, which nothing cuts.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_server_that_reloads_its_configuration_is_followed_too() {
    let Some(server) = ThrowAway::start(tests::folder()) else {
        say("NOT RUN: this test changes the configuration of its own PostgreSQL server");
        return;
    };
    make_tables(&server.url).await;
    let app = app(&server.url).await;
    let (root, sql) = (app.superuser("root").await, Sql::open(&server.url).await);

    let set = async |value: &str| {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
        sql.run(&set).await;
        sql.texts("SELECT pg_reload_conf()::text").await;
    };
    follows_the_database((&app, &root), set).await;
}

/// Returns the URL with other hosts, which are made from its own.
fn with_hosts(url: &str, hosts: impl Fn(&str) -> String) -> String {
    let (start, rest) = url.split_once('@').unwrap();
    let (host, name) = rest.split_once('/').unwrap();
    format!("{start}@{}/{name}", hosts(host))
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_first_of_several_servers_may_be_down_from_the_beginning() {
    let (url, place) = Backend::Postgres.fresh().await;
    let down = ReservedPort::bind();
    let dead = format!("127.0.0.1:{}", down.number);

    for first_is_down in [true, false] {
        let several = with_hosts(&url, |live| {
            if first_is_down {
                format!("{dead},{live}")
            } else {
                format!("{live},{dead}")
            }
        });
        let app = app(&several).await;
        let name = format!("root{}", u8::from(first_is_down));
        let root = app.superuser(&name).await;
        let written = write(&root).await.expect_status(201);
        root.get(written.url()).await.expect_status(200);
        root.get("/posts").await.expect_status(200);
        assert!(is_ready(&app, "//readyz/writes").await);
    }
    drop(place);
}

/// The primary ends in its fast mode, which waits until the standby has everything.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn reads_and_then_writes_go_on_at_the_standby() {
    let Some(mut primary) = ThrowAway::start(tests::folder()) else {
        say("NOT RUN: this test needs a PostgreSQL server of its own and a standby");
        return;
    };
    make_tables(&primary.url).await;
    let standby = primary.replica(tests::folder());
    drop(connect(&standby.url).await);
    let (_, second) = standby.url.split_once('@').unwrap();
    let (second, _) = second.split_once('/').unwrap();
    let app = app(&with_hosts(&primary.url, |first| {
        format!("{first},{second}")
    }))
    .await;
    let root = app.superuser("root").await;
    let before = write(&root).await.expect_status(201);

    primary.stop();
    eventually("reads go on at the standby", async || {
        (root.get(before.url()).await.status == 200).then_some(())
    })
    .await;
    eventually("writes are refused meanwhile", async || {
        (write(&root).await.body["code"] == "read_only").then_some(())
    })
    .await;
    let at_standby = Sql::open(&standby.url).await;
    at_standby.texts("SELECT pg_promote()::text").await;

    let after = eventually("writes go on at the new primary", async || {
        let written = write(&root).await;
        (written.status == 201).then_some(written)
    })
    .await;
    for post in [&before, &after] {
        root.get(post.url()).await.expect_status(200);
    }
}
