//! `atoll config`, and a configuration that stops the start.
use tests::process::Program;

fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_atoll-under-test"))
}

#[actix_web::test]
async fn the_configuration_is_shown_with_its_origins_and_without_secrets() {
    let program = program()
        .with(
            "DATABASE_URL",
            "postgres://atoll:hunter2@localhost:5432/atoll?password=hunter3",
        )
        .with("ATOLL__SERVER__PORT", "9000");

    let said = program.ok("config show", "").await;

    assert!(!said.contains("hunter"), "{said}");
    for (key, origin) in [
        (
            "url = \"postgres://atoll:***@localhost:5432/atoll?password=***\"",
            "DATABASE_URL",
        ),
        ("port = 9000", "ATOLL__SERVER__PORT"),
        ("host = \"127.0.0.1\"", "default.toml"),
        ("migrate = true", "development.toml"),
    ] {
        let line = said.lines().find(|line| line.starts_with(key));
        assert!(
            line.is_some_and(|line| line.contains(origin)),
            "{key}: {said}"
        );
    }
}

#[actix_web::test]
async fn an_unknown_key_stops_every_command() {
    let program = program().with("ATOLL__SERVER__PROT", "9000");

    for command in ["serve", "migrate up", "user list", "config show"] {
        let refused = program.refused(command).await;
        assert!(
            refused.contains("ATOLL__SERVER__PROT"),
            "{command}: {refused}"
        );
    }
    assert!(
        !program.folder.path().join("data").exists(),
        "nothing was begun"
    );
}

#[actix_web::test]
async fn an_invalid_value_stops_the_start_and_names_its_key() {
    for (name, value, key) in [
        ("PORT", "http", "server.port"),
        ("ATOLL__SERVER__MAX_IN_FLIGHT", "0", "server.max_in_flight"),
        (
            "ATOLL__DATABASE__LOCK_TIMEOUT",
            "800",
            "database.lock_timeout",
        ),
        ("ATOLL__CACHE__SIZE", "1024", "cache.size"),
        ("DATABASE_URL", "mysql://localhost/atoll", "database.url"),
        ("RUST_LOG", "atoll=loud", "log.level"),
        ("ATOLL_PROFILE", "staging", "ATOLL_PROFILE"),
    ] {
        let refused = program().with(name, value).refused("serve").await;
        assert!(refused.contains(key), "{name}={value}: {refused}");
    }
}

#[actix_web::test]
async fn production_refuses_what_is_unsafe_and_does_not_migrate_by_itself() {
    let production = || program().with("ATOLL_PROFILE", "production");

    let unsafe_database = production().with("DATABASE_URL", "sqlite::memory:");
    let refused = unsafe_database.refused("serve").await;
    assert!(refused.contains("database.url"), "{refused}");

    let empty = production();
    let refused = empty.refused("serve").await;
    assert!(refused.contains("atoll migrate up"), "{refused}");
    empty.ok("migrate up", "").await;
    let (mut server, _) = empty.serve().await;
    server.terminate();
    assert!(server.end().await.success());
}
