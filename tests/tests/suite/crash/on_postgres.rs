//! The crash test on PostgreSQL.
use tests::{Backend, process::Program};

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn no_acknowledged_write_is_lost_when_the_server_is_killed() {
    let (url, _place) = Backend::Postgres.fresh().await;
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));

    let acknowledged = super::check_kills(program.with("DATABASE_URL", &url), &url).await;

    println!("{acknowledged} acknowledged, 0 lost");
}
