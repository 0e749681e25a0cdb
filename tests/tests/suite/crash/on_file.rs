//! The crash test on SQLite in a file.
use tests::{file_url, process::Program};

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn no_acknowledged_write_is_lost_when_the_server_is_killed() {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    let url = file_url(program.folder.path());

    let acknowledged = super::check_kills(program.with("DATABASE_URL", &url), &url).await;

    println!("{acknowledged} acknowledged, 0 lost");
}
