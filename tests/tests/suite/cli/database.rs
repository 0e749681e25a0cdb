//! Which commands create a database, and what the others say if there is none.
use std::fs;

use tests::{Client, process::Program};

use super::{program, program_without_tables};

fn in_empty_folder() -> Program {
    Program::new(env!("CARGO_BIN_EXE_atoll-under-test"))
}

#[actix_web::test]
async fn only_serve_and_migrate_up_create_a_database() {
    let program = in_empty_folder();
    let folder = fs::canonicalize(program.folder.path()).unwrap();
    let file = folder.join("data/atoll.db");

    for command in [
        "migrate status",
        "migrate history",
        "migrate current",
        "migrate fresh --yes",
        "migrate down --yes",
        "user list",
        "user create --username ada --email ada@example.org",
        "user invite",
        "seed --users 1",
        "export posts --file posts.csv",
        "purge",
        "audit verify",
    ] {
        let refused = program.refused(command).await;
        for part in [
            file.to_str().unwrap(),
            "atoll migrate up",
            "atoll serve",
            "database.url",
        ] {
            assert!(refused.contains(part), "{command}: {part}: {refused}");
        }
        assert!(!folder.join("data").exists(), "{command}");
    }

    let said = program.ok("migrate up", "").await;
    assert!(
        said.contains(&format!("created      {}", file.display())),
        "{said}"
    );
    let said = program.ok("migrate up", "").await;
    assert!(!said.contains("created"), "{said}");
    program.ok("user list", "").await;
}

#[actix_web::test]
async fn a_server_that_does_not_migrate_creates_nothing() {
    let program = in_empty_folder().with("ATOLL_PROFILE", "production");

    let refused = program.refused("serve").await;

    assert!(refused.contains("there is no database at /"), "{refused}");
    assert!(
        refused.contains("atoll migrate up") && !refused.contains("atoll serve"),
        "{refused}"
    );
    assert!(!program.folder.path().join("data").exists());
}

#[actix_web::test]
async fn a_database_without_tables_is_left_alone_by_other_commands() {
    let (program, _) = program_without_tables().await;

    let refused = program.refused("user list").await;

    assert!(
        refused.contains("is empty") && refused.contains("atoll migrate up"),
        "{refused}"
    );
    let status = program.ok("migrate status", "").await;
    assert!(!status.contains("applied"), "{status}");
}

#[actix_web::test]
async fn options_of_the_command_line_win_over_variables_and_files() {
    let (program, _) = program().await;
    let program = program.with("ATOLL__SERVER__HOST", "127.0.0.9");
    let folder = program.folder.path();
    fs::write(folder.join("mine.toml"), "[api]\nexact_counts = false\n").unwrap();

    let shown = program.ok("config show --config mine.toml", "").await;
    let line = shown.lines().find(|line| line.starts_with("exact_counts"));
    let line = line.unwrap_or_default();
    assert!(
        line.contains("false") && line.contains("mine.toml"),
        "{shown}"
    );
    let missing = program.refused("serve --config nowhere.toml").await;
    assert!(missing.contains("nowhere.toml"), "{missing}");

    let options = "serve --port 0 --host 127.0.0.1 --database sqlite://other.db --config mine.toml";
    let (server, address) = program.serve_with(options).await;
    assert_eq!(address.ip().to_string(), "127.0.0.1");
    let said = server.said();
    let file = fs::canonicalize(folder.join("other.db")).unwrap();
    assert!(
        said.contains(&format!("created {}", file.display())),
        "{said}"
    );
    let anyone = Client::new(address, None, 0);
    anyone.get("/posts?count=exact").await.expect_status(400);
}
