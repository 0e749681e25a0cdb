//! `atoll doctor` and `GET /system/doctor`: each check finds what it is for.
use serde_json::Value;
use tests::{Backend, Sql, TestApp, process::Program};

use crate::cli::{program, program_without_tables};

/// Returns the exit code and the findings.
async fn examine(program: &Program) -> (Option<i32>, Value) {
    let output = program.run("doctor --json", "").await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let found = serde_json::from_str(&said);
    (
        output.status.code(),
        found.unwrap_or_else(|error| panic!("{error}: {said}{log}")),
    )
}

/// Returns the first finding with this name.
fn check<'a>(found: &'a Value, name: &str) -> &'a Value {
    let checks = found["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name);
    check.unwrap_or_else(|| panic!("no check {name}: {found:#}"))
}

#[actix_web::test]
async fn a_new_installation_has_nothing_to_do() {
    let (program, _) = program().await;

    let (code, found) = examine(&program).await;

    for name in [
        "migrations",
        "sorts",
        "deleted rows",
        "audit log",
        "mail",
        "database",
        "proxies",
    ] {
        assert_eq!(check(&found, name)["status"], "ok", "{name}: {found:#}");
    }
    assert_eq!(code, Some(0), "{found:#}");
    let table = program.ok("doctor", "").await;
    assert!(table.contains("ok       migrations"), "{table}");
    assert!(
        table.ends_with(" checks: 0 errors, 0 warnings\n"),
        "{table}"
    );
}

#[actix_web::test]
async fn pending_migrations_are_an_error() {
    let (program, _) = program_without_tables().await;

    let (code, found) = examine(&program).await;

    assert_eq!(code, Some(2), "{found:#}");
    let migrations = check(&found, "migrations");
    assert_eq!(migrations["status"], "error");
    assert_eq!(migrations["advice"], "run `atoll migrate up`");
}

#[actix_web::test]
async fn missing_indexes_are_errors_that_name_them() {
    let (program, url) = program().await;
    let db = Sql::open(&url).await;
    for index in [
        "posts_created_at_id_live",
        "posts_id_deleted",
        "comments_deletion_id",
    ] {
        db.run(&format!("DROP INDEX {index}")).await;
    }

    let (code, found) = examine(&program).await;

    assert_eq!(code, Some(2), "{found:#}");
    let sorts = check(&found, "sorts")["found"].to_string();
    assert!(sorts.contains("posts.created_at"), "{sorts}");
    let deleted = check(&found, "deleted rows")["found"].to_string();
    assert!(
        deleted.contains("posts: one over deleted rows"),
        "{deleted}"
    );
    assert!(
        deleted.contains("comments: one by deletion_id"),
        "{deleted}"
    );
}

#[actix_web::test]
async fn stuck_mail_is_a_warning() {
    let (program, url) = program().await;
    let db = Sql::open(&url).await;
    db.run(
        "INSERT INTO mails (recipient, template, data, attempts, created_at, next_attempt_at) VALUES ('ada@example.org', \
         'reset', '{}', 3, '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00')",
    )
    .await;

    let (code, found) = examine(&program).await;

    assert_eq!(code, Some(1), "{found:#}");
    assert_eq!(check(&found, "mail")["status"], "warning");
}

#[actix_web::test]
async fn unsealed_entries_are_a_warning_once_they_are_old() {
    let (program, url) = program().await;
    let create = "user create --username ada --email ada@example.org";
    program.ok(create, tests::PASSWORD).await;
    let (_, fresh) = examine(&program).await;
    assert_eq!(check(&fresh, "audit log")["status"], "ok", "{fresh:#}");
    let db = Sql::open(&url).await;
    db.run("UPDATE audit_entries SET created_at = '2026-01-01T00:00:00.000000+00:00'")
        .await;

    let (code, found) = examine(&program).await;

    assert_eq!(code, Some(1), "{found:#}");
    let audit = check(&found, "audit log");
    assert_eq!(audit["status"], "warning");
    assert!(
        audit["found"].as_str().unwrap().contains("not sealed"),
        "{audit}"
    );
}

#[actix_web::test]
async fn risky_settings_are_notes_in_development_and_warnings_in_production() {
    let (program, _) = program().await;
    let (_, notes) = examine(&program).await;
    assert_eq!(check(&notes, "configuration")["status"], "note");
    let program = program
        .with("ATOLL_PROFILE", "production")
        .with("ATOLL__SERVER__PUBLIC_URL", "https://atoll.example.org");

    let (code, found) = examine(&program).await;

    assert_eq!(code, Some(1), "{found:#}");
    assert_eq!(check(&found, "configuration")["status"], "warning");
    assert_eq!(check(&found, "proxies")["status"], "warning");
}

/// Returns all findings with this status.
fn with_status(found: &Value, status: &str) -> Vec<String> {
    let checks = found["checks"].as_array().unwrap().iter();
    let some = checks.filter(|check| check["status"] == status);
    some.map(|check| check["found"].as_str().unwrap().to_owned())
        .collect()
}

/// The package has settings of its own; the administrator adds an address, a proxy and keys.
#[actix_web::test]
async fn an_installed_package_has_nothing_to_do_and_notes_what_it_cannot_do() {
    let (mut program, _) = program().await;
    program = program.with("ATOLL_PROFILE", "production");
    let settings = include_str!("../../../../ops/debian/atoll.env").lines();
    for line in settings.filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, value) = line.split_once('=').unwrap();
        program = program.with(name, value);
    }
    let key = "kept where the database is not, or nowhere";
    for (name, value) in [
        ("ATOLL__BACKUP__FOLDER", "backups"),
        ("ATOLL__SERVER__PUBLIC_URL", "https://atoll.example.org"),
        ("ATOLL__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("ATOLL__AUTH__KEY", key),
        ("ATOLL__AUTH__PEPPER", key),
        ("ATOLL__AUDIT__KEY", key),
    ] {
        program = program.with(name, value);
    }
    let (code, found) = examine(&program).await;
    assert_eq!(code, Some(1), "there is no backup yet: {found:#}");
    assert_eq!(check(&found, "backups")["status"], "warning");
    program.ok("backup create", "").await;

    let (code, found) = examine(&program).await;

    assert_eq!(code, Some(0), "{found:#}");
    let notes = with_status(&found, "note");
    let has = |start: &str| notes.iter().any(|note| note.starts_with(start));
    assert!(has("mail.transport is \"none\""), "{notes:?}");
    let is_file = !Backend::current().is_postgres();
    assert_eq!(has("backup.store is not set"), is_file, "{notes:?}");

    // Each of these settings is needed.
    for (name, value, warned) in [
        ("ATOLL__AUTH__REGISTRATION", "open", "auth.registration"),
        ("ATOLL__BACKUP__SCHEDULE__EVERY", "0s", "database.url"),
    ] {
        program = program.with(name, value);
        let (_, found) = examine(&program).await;
        let warnings = with_status(&found, "warning");
        let is_warned = warnings.iter().any(|warning| warning.starts_with(warned));
        assert_eq!(is_warned, is_file || name.contains("AUTH"), "{warnings:?}");
    }
}

#[actix_web::test]
async fn a_database_that_is_away_and_an_invalid_setting_are_findings() {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    let away = program.with("DATABASE_URL", "sqlite://nowhere/atoll.db");
    let (code, found) = examine(&away).await;
    assert_eq!(
        (code, &check(&found, "database")["status"]),
        (Some(2), &"error".into())
    );

    let invalid = away.with("ATOLL__JOBS__PURGE_INTERVAL", "often");
    let (code, found) = examine(&invalid).await;
    assert_eq!(code, Some(2));
    assert!(
        check(&found, "configuration")["found"]
            .to_string()
            .contains("jobs.purge_interval")
    );
}

#[actix_web::test]
async fn the_route_gives_the_findings_to_holders_of_its_permission() {
    let app = TestApp::new().await;
    let operator = app.with_permissions("operator", &["system.read"]).await;
    let member = app.member("ada").await;

    let found = operator.get("/system/doctor").await.expect_status(200).body;
    member.get("/system/doctor").await.expect_status(403);

    assert_eq!(found["status"], "ok", "{found:#}");
    assert_eq!(check(&found, "migrations")["status"], "ok");
}

#[actix_web::test]
async fn the_program_tells_whether_its_server_is_ready() {
    let (program, _) = program().await;
    let (server, address) = program.serve().await;
    let asking = program.with("PORT", &address.port().to_string());

    asking.ok("ready", "").await;
    drop(server);

    let refused = asking.refused("ready").await;
    assert!(refused.contains(&address.to_string()), "{refused}");
}
