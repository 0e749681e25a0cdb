//! `GET /metrics` of a running program.
use std::{collections::BTreeMap, net::TcpListener};

use reqwest::Method;
use tests::{
    Client,
    process::{Process, Program},
};

use crate::cli::program;

pub const LISTEN: &str = "ATOLL__METRICS__LISTEN";

/// The value of each series, by its name and labels.
pub type Scrape = BTreeMap<String, String>;

/// Returns the URL of the metrics that a server prints when it is ready.
pub fn url(server: &Process) -> String {
    let said = server.said();
    let line = said
        .lines()
        .find(|line| line.ends_with("/metrics  metrics"));
    let line = line.unwrap_or_else(|| panic!("no address of metrics: {said}"));
    line.trim().trim_end_matches("  metrics").to_owned()
}

async fn text(url: &str) -> String {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.unwrap()
}

/// Returns the value of a series; 0 if it is absent.
fn number(found: &Scrape, series: &str) -> f64 {
    found
        .get(series)
        .map_or(0.0, |value| value.parse().unwrap())
}

pub async fn scrape(url: &str) -> Scrape {
    let text = text(url).await;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let parsed = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.to_owned())
    });
    parsed.collect()
}

#[actix_web::test]
async fn requests_statements_pools_and_queues_are_measured() {
    let (program, _) = program().await;
    let (server, address) = program.with(LISTEN, "127.0.0.1:0").serve().await;
    let (url, anyone) = (url(&server), Client::new(address, None, 0));
    for _ in 0..3 {
        anyone.get("/posts").await.expect_status(200);
    }
    anyone.get("/posts/4711").await.expect_status(404);
    anyone
        .request(Method::GET, "//no/such/path-4711")
        .send()
        .await
        .unwrap();
    let wrong = tests::json!({ "login": "nobody", "password": "wrong horse battery" });
    anyone.post("/auth/login", wrong).await.expect_status(401);

    let found = scrape(&url).await;

    for (series, least) in [
        (
            r#"atoll_http_requests_total{method="GET",route="/api/v1/posts",status="200"}"#,
            3.0,
        ),
        (
            r#"atoll_http_requests_total{method="GET",route="/api/v1/posts/{id}",status="404"}"#,
            1.0,
        ),
        (
            r#"atoll_http_requests_total{method="other",route="unknown",status="404"}"#,
            1.0,
        ),
        (
            r#"atoll_http_request_duration_seconds_count{method="GET",route="/api/v1/posts"}"#,
            3.0,
        ),
        (
            r#"atoll_http_request_duration_seconds_sum{method="GET",route="/api/v1/posts"}"#,
            1e-6,
        ),
        (
            r#"atoll_database_statement_duration_seconds_count{kind="select"}"#,
            1.0,
        ),
        (
            r#"atoll_database_statement_duration_seconds_count{kind="insert"}"#,
            1.0,
        ),
        ("atoll_password_hashes_total", 1.0),
        (
            r#"atoll_cache_lookups_total{kind="answers",result="miss"}"#,
            1.0,
        ),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 3.0),
        ("process_start_time_seconds", 1.7e9),
        (r#"atoll_job_successes_total{job="seal_audit"}"#, 1.0),
    ] {
        assert!(number(&found, series) >= least, "{series} in {found:#?}");
    }
    for (series, value) in [
        ("atoll_http_requests_in_flight", "0"),
        ("atoll_http_requests_waiting", "0"),
        ("atoll_password_hashes_waiting", "0"),
        (r#"atoll_mails_queued{state="new"}"#, "0"),
        ("atoll_mails_oldest_age_seconds", "0.0"),
        ("atoll_scrape_failures_total", "0"),
    ] {
        assert_eq!(
            found.get(series).map(String::as_str),
            Some(value),
            "{series}"
        );
    }
    let pools = if tests::Backend::current().is_postgres() {
        ["shared", "worker"]
    } else {
        ["read", "write"]
    };
    for pool in pools {
        let size = format!("atoll_database_pool_max_connections{{pool=\"{pool}\"}}");
        assert!(number(&found, &size) >= 1.0, "{size} in {found:#?}");
        let used = format!("atoll_database_pool_used_connections{{pool=\"{pool}\"}}");
        assert!(found.contains_key(&used), "{used}");
    }
    let text = text(&url).await;
    assert!(
        !text.contains("4711"),
        "the path of a request is no label: {text}"
    );
    assert!(text.contains("atoll_build_info{version=\""), "{text}");
}

#[actix_web::test]
async fn queued_mails_are_counted_by_state_and_age() {
    let (program, url_of_database) = program().await;
    let db = tests::Sql::open(&url_of_database).await;
    // Mail is off, so nothing sends it.
    for attempts in [0, 3] {
        db.run(&format!(
            "INSERT INTO mails (recipient, template, data, attempts, created_at, next_attempt_at) \
             VALUES ('ada@example.org', 'reset', '{{}}', {attempts}, '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00')"
        ))
        .await;
    }
    let (server, _) = program.with(LISTEN, "127.0.0.1:0").serve().await;

    let found = scrape(&url(&server)).await;

    assert_eq!(found[r#"atoll_mails_queued{state="new"}"#], "1");
    assert_eq!(found[r#"atoll_mails_queued{state="retry"}"#], "1");
    assert!(
        number(&found, "atoll_mails_oldest_age_seconds") > 86_400.0,
        "{found:#?}"
    );
}

#[actix_web::test]
async fn refusals_are_counted_by_their_limit() {
    let (program, _) = program().await;
    let (server, address) = program
        .with(LISTEN, "127.0.0.1:0")
        .with("ATOLL__RATE_LIMIT__ANONYMOUS", "2")
        .serve()
        .await;
    let anyone = Client::new(address, None, 0);

    for expected in [200, 200, 429] {
        anyone.get("/posts").await.expect_status(expected);
    }

    let found = scrape(&url(&server)).await;
    assert_eq!(
        found[r#"atoll_rate_limit_refusals_total{policy="anonymous"}"#],
        "1"
    );
}

#[actix_web::test]
async fn metrics_are_not_at_the_address_of_the_api() {
    let (program, _) = program().await;
    let (server, address) = program.with(LISTEN, "127.0.0.1:0").serve().await;
    let anyone = Client::new(address, None, 0);

    let answer = anyone
        .request(Method::GET, "//metrics")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    let other = url(&server).replace("/metrics", "/api/v1/posts");
    assert_eq!(reqwest::get(other).await.unwrap().status(), 404);
}

#[actix_web::test]
async fn a_development_server_runs_without_metrics_if_their_port_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (program, _) = program().await;
    let program = program.with(LISTEN, &address);

    let (server, _) = program.serve().await;

    let log = server.log();
    assert!(
        log.contains("no metrics: cannot listen on") && log.contains("metrics.listen"),
        "{log}"
    );
    assert!(!server.said().contains("/metrics"));
}

#[actix_web::test]
async fn a_production_server_does_not_start_if_the_port_of_its_metrics_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (program, _) = program().await;
    let program = program
        .with(LISTEN, &address)
        .with("ATOLL_PROFILE", "production");

    let refused = program.refused("serve").await;

    assert!(refused.contains("metrics.listen"), "{refused}");
}

#[actix_web::test]
async fn an_invalid_address_stops_the_start() {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test")).with(LISTEN, "localhost");

    let refused = program.refused("serve").await;

    assert!(refused.contains("metrics.listen"), "{refused}");
}
