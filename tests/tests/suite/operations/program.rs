//! The program itself: its version and its manual pages.
use std::fs;

use tests::process::Program;

fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_atoll-under-test"))
}

#[actix_web::test]
async fn the_version_is_that_of_the_package() {
    let said = program().ok("--version", "").await;

    assert!(
        said.starts_with(&format!("atoll {}", env!("CARGO_PKG_VERSION"))),
        "{said}"
    );
}

#[actix_web::test]
async fn every_command_has_a_manual_page() {
    let program = program();

    program.ok("man pages", "").await;

    let read =
        |name: &str| fs::read_to_string(program.folder.path().join("pages").join(name)).unwrap();
    assert!(
        read("atoll.1").contains("atoll\\-doctor"),
        "{}",
        read("atoll.1")
    );
    assert!(read("atoll-doctor.1").contains("Examine the installation"));
    assert!(read("atoll-user-create.1").contains("superuser"));
}
