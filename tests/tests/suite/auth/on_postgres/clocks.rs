//! Nodes whose clocks differ use the database's time for what they share.
use tests::{
    Backend, Client, PASSWORD, Sql, json,
    process::{Process, Program},
};

/// Starts a node whose clock is wrong by `seconds`.
async fn node(url: &str, seconds: i64) -> (Process, Client) {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"))
        .with("DATABASE_URL", url)
        .with("TEST_CLOCK_SHIFT", &seconds.to_string());
    let (process, address) = program.serve().await;
    (process, Client::new(address, None, 0))
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_token_of_one_node_is_good_on_another_whose_clock_differs_by_hours() {
    const HOURS: i64 = 2 * 60 * 60;
    let (url, _place) = Backend::Postgres.fresh().await;
    let (_right, right) = node(&url, 0).await;
    let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    right.post("/auth/register", ada).await.expect_status(201);

    for seconds in [HOURS, -HOURS] {
        let (process, wrong) = node(&url, seconds).await;
        for (from, to) in [(&right, &wrong), (&wrong, &right)] {
            let token = from.login("ada", PASSWORD).await;
            let there = to.with_token(&token);
            there.get("/auth/me").await.expect_status(200);
            there.publish("Hello").await;
        }
        assert!(
            process.log().contains("the clock of this machine differs"),
            "{}",
            process.log()
        );
    }

    let sql = Sql::open(&url).await;
    let far = "SELECT count(*) FROM posts WHERE abs(EXTRACT(EPOCH FROM created_at - now())) > 600";
    assert_eq!(sql.number(far).await, 0);
    let posts = "SELECT count(*) FROM posts";
    assert_eq!(sql.number(posts).await, 4);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_clock_that_is_right_gets_no_warning() {
    let (url, _place) = Backend::Postgres.fresh().await;

    let (process, _client) = node(&url, 0).await;

    assert!(!process.log().contains("the clock of this machine"));
}
