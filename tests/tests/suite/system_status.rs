//! The state of the server, and of the chain of its audit log.
use std::time::Duration;

use kernel::{audit::verify, clock::now};
use sea_orm::prelude::DateTimeWithTimeZone;
use serde_json::Value;
use tests::{Client, PASSWORD, TestApp, json, process::Program, sql};

use crate::{audit::chain::seal_all, cli::program};

/// Returns what a server says about backups, and ends it.
async fn backups(program: &Program) -> Value {
    let (_server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let root = anyone.with_token(&anyone.login("root", PASSWORD).await);
    let mut status = root.get("/system").await.expect_status(200).body;
    status["backups"].take()
}

fn time(value: &Value) -> DateTimeWithTimeZone {
    value.as_str().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn operators_see_when_backups_are_made() {
    let (program, _) = program().await;
    let root = "user create --username root --email root@example.org --superuser";
    program.ok(root, PASSWORD).await;
    let program = program.with("ATOLL__BACKUP__FOLDER", "backups");

    let none = backups(&program).await;
    let expected = json!({ "store": "backups", "last_at": null, "every_seconds": null, "next_at": null, "problem": null });
    assert_eq!(none, expected);

    let before = now();
    program.ok("backup create", "").await;
    let made = backups(&program).await;
    let last = time(&made["last_at"]);
    assert!((before..=now()).contains(&last), "{made}");
    assert!(made["next_at"].is_null(), "{made}");

    let program = program.with("ATOLL__BACKUP__SCHEDULE__EVERY", "24h");
    let scheduled = backups(&program).await;
    assert_eq!(time(&scheduled["last_at"]), last);
    assert_eq!(scheduled["every_seconds"], 86_400);
    assert_eq!(time(&scheduled["next_at"]), last + Duration::from_hours(24));

    // Nothing listens there.
    let program = program
        .with("ATOLL__BACKUP__STORE", "s3://books/atoll")
        .with("ATOLL__BACKUP__S3__ENDPOINT", "http://127.0.0.1:9")
        .with("ATOLL__BACKUP__S3__ACCESS_KEY_ID", "id")
        .with("ATOLL__BACKUP__S3__SECRET_ACCESS_KEY", "not-to-be-shown");
    let away = backups(&program).await;
    assert_eq!(away["store"], "s3://books/atoll");
    assert!(
        away["last_at"].is_null() && away["next_at"].is_null(),
        "{away}"
    );
    assert!(away["problem"].is_string(), "{away}");
    assert!(!away.to_string().contains("not-to-be-shown"), "{away}");
}

#[actix_web::test]
async fn operators_see_the_state_of_the_server() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    let status = root.get("/system").await.expect_status(200).body;

    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    let database = &status["database"];
    let backend = if app.backend.is_postgres() {
        "postgres"
    } else {
        "sqlite"
    };
    assert_eq!(database["backend"], backend);
    assert!(database["version"].as_str().unwrap().contains('.'));
    assert!(database["size_bytes"].as_i64().unwrap() > 4096);
    assert_eq!(status["storage"]["database_bytes"], database["size_bytes"]);
    for check in ["reachable", "writable", "intact"] {
        assert_eq!(database[check], true, "{check}");
    }
    assert!(status["uptime_seconds"].is_u64());
    assert_eq!(status["replicas"], json!([]));
}

#[actix_web::test]
async fn the_queues_are_counted() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let none = root.get("/system").await.expect_status(200).body;
    let nothing = json!({ "waiting": 0, "failed": 0, "oldest_at": null });
    assert_eq!(none["queues"]["mail"], nothing);

    for (attempts, day) in [(0, 2), (0, 3), (4, 4)] {
        let at = format!("2026-01-0{day}T00:00:00.000000+00:00");
        let mail = format!(
            "INSERT INTO mails (recipient, template, data, attempts, created_at, next_attempt_at) \
             VALUES ('a@example.org', 'reset', '{{}}', {attempts}, '{at}', '{at}')"
        );
        sql::run(&app.kernel, &mail).await;
    }
    let status = root.get("/system").await.expect_status(200).body;

    let expected = json!({ "waiting": 2, "failed": 1, "oldest_at": "2026-01-02T00:00:00.000000Z" });
    assert_eq!(status["queues"]["mail"], expected);
    let unsealed = verify(&app.kernel, None).await.unwrap().unsealed;
    assert_ne!(unsealed, 0);
    let expected = json!({ "entries": unsealed, "unsealed": unsealed, "last_sealed_at": null });
    assert_eq!(status["queues"]["audit"], expected);
    seal_all(&app.kernel).await;
    let sealed = root.get("/system").await.expect_status(200).body;
    let sealed = &sealed["queues"]["audit"];
    assert_eq!(
        (&sealed["unsealed"], &sealed["entries"]),
        (&json!(0), &json!(unsealed))
    );
    assert!(sealed["last_sealed_at"].is_string());
}

#[actix_web::test]
async fn the_newest_audit_entries_are_verified() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let empty = root
        .get("/audit/verification")
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        (&empty["last_seq"], &empty["receipt"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(empty["intact"], true);
    assert_ne!(empty["unsealed"], 0);
    // Seven blocks, of which the newest five are verified.
    for title in 0..7 {
        root.publish(&format!("Post {title}")).await;
        seal_all(&app.kernel).await;
    }

    let sound = root
        .get("/audit/verification")
        .await
        .expect_status(200)
        .body;

    let whole = verify(&app.kernel, None).await.unwrap();
    let last = whole.receipt.seq;
    assert_eq!(sound["intact"], true, "{sound}");
    assert_eq!(sound["last_seq"], last);
    assert_eq!(sound["receipt"], whole.receipt.to_string());
    assert_eq!(
        sound["checked"],
        json!({ "first_seq": last - 4, "entries": 5 })
    );
    assert_eq!(sound["unsealed"], 0);

    let alter = |seq: i64| {
        format!(
            "UPDATE audit_entries SET changes = '{{}}' \
             WHERE id = (SELECT entry_id FROM audit_seals WHERE seq = {seq})"
        )
    };
    sql::run(&app.kernel, &alter(1)).await;
    let older = root
        .get("/audit/verification")
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        older["intact"], true,
        "only the command line reads older entries"
    );
    sql::run(&app.kernel, &alter(last)).await;
    let altered = root
        .get("/audit/verification")
        .await
        .expect_status(200)
        .body;

    assert_eq!(altered["intact"], false);
    let problem = format!("entry {last} was altered");
    assert_eq!(altered["problems"], json!([problem]));
}
