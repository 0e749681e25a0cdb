//! What a restore refuses, keeps safe and does not bring back.
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use reqwest::Method;
use tests::{
    Authenticator, Backend, Client, PASSWORD, Reply, Sql, json,
    process::{Program, eventually},
    redis::Redis,
};

use super::backup::{copy, filled, folders, reseal, sign_in};

/// Changes the manifest of the only backup, and makes its checksums anew.
fn rewrite(program: &Program, from: &str, to: &str) {
    let folder = folders(program).remove(0);
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(&manifest, text.replace(from, to)).unwrap();
    reseal(&folder);
}

async fn backed_up() -> (Program, String) {
    let (program, url) = filled().await;
    program.ok("backup create", "").await;
    (program, url)
}

async fn is_refused(program: &Program, what: &str) {
    for command in ["verify", "restore --yes"] {
        let refused = program.refused(&format!("backup {command}")).await;
        assert!(refused.contains(what), "{command}: {refused}");
    }
    let users = program.ok("user list", "").await;
    assert!(users.contains("ada@"), "the database is untouched: {users}");
}

#[actix_web::test]
async fn a_manifest_of_another_form_is_refused() {
    let (program, _) = backed_up().await;
    rewrite(&program, "\"format\": 1", "\"format\": 2");
    is_refused(&program, "has the format 2; this program reads 1").await;
}

#[actix_web::test]
async fn a_manifest_that_names_a_file_elsewhere_is_refused() {
    let (program, _) = backed_up().await;
    let name = copy(&folders(&program)[0]);
    let name = name.file_name().unwrap().to_str().unwrap().to_owned();
    rewrite(
        &program,
        &format!("\"file\": \"{name}\""),
        &format!("\"file\": \"../../{name}\""),
    );
    is_refused(&program, "names an unknown file").await;
}

#[actix_web::test]
async fn a_backup_with_other_migrations_than_its_manifest_says_is_refused() {
    let (program, _) = backed_up().await;
    rewrite(&program, "\"migrations\": [", "\"migrations\": [\"m0\",");
    is_refused(&program, "other migrations are applied").await;
}

#[actix_web::test]
async fn a_backup_of_another_kind_of_database_is_refused() {
    let (program, _) = backed_up().await;
    let kinds = ["\"database\": \"sqlite\"", "\"database\": \"postgres\""];
    let [from, to] = if Backend::current().is_postgres() {
        [kinds[1], kinds[0]]
    } else {
        kinds
    };
    rewrite(&program, from, to);
    is_refused(&program, "another kind of database").await;
}

/// Returns a program with a backup of a database whose audit log is sealed.
async fn sealed() -> Program {
    let (program, url) = filled().await;
    let (mut server, _) = program.serve().await;
    eventually("an entry is sealed", async || {
        let blocks = number(&url, "SELECT count(*) FROM audit_blocks").await;
        (blocks > 0).then_some(())
    })
    .await;
    server.terminate();
    server.end().await;
    program.ok("backup create", "").await;
    program
}

/// An audit log that was cut off and sealed anew ends before the receipt.
#[actix_web::test]
async fn a_backup_whose_audit_log_ends_elsewhere_is_refused() {
    let program = sealed().await;
    let folder = folders(&program).remove(0);
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let (_, receipt) = text.split_once("\"audit_receipt\": \"").unwrap();
    let receipt = receipt.split('"').next().unwrap();
    let (number, mac) = receipt.split_at(receipt.find(|c: char| !c.is_ascii_digit()).unwrap());
    let number: u64 = number.parse().unwrap();
    rewrite(&program, receipt, &format!("{}{mac}", number + 1));
    is_refused(&program, "the audit log ends elsewhere").await;
}

/// The counts and the receipt are right, and the checksums were made anew.
#[actix_web::test]
async fn a_backup_with_an_altered_audit_log_is_refused() {
    if Backend::current().is_postgres() {
        return;
    }
    let program = sealed().await;
    let folder = folders(&program).remove(0);
    let file = Sql::open(&format!("sqlite://{}", copy(&folder).display())).await;
    file.run("UPDATE audit_entries SET changes = '{}'").await;
    file.close().await;
    reseal(&folder);
    is_refused(&program, "the audit log:").await;
}

#[actix_web::test]
async fn a_file_that_sqlite_finds_damaged_is_refused() {
    if Backend::current().is_postgres() {
        return;
    }
    let (program, _) = filled().await;
    program.ok("seed --users 3 --posts 50", "").await;
    program.ok("backup create", "").await;
    let folder = folders(&program).remove(0);
    let mut bytes = fs::read(copy(&folder)).unwrap();
    // A page of an index, which no count reads.
    let db = Sql::open(&format!("sqlite://{}", copy(&folder).display())).await;
    let page = db
        .number("SELECT rootpage FROM sqlite_schema WHERE name = 'posts_created_at_id_live'")
        .await;
    db.close().await;
    let start = usize::try_from(page - 1).unwrap() * 4096;
    bytes[start + 8..start + 4096].fill(0);
    fs::write(copy(&folder), bytes).unwrap();
    // Its size may have changed by the connection above.
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let length = fs::metadata(copy(&folder)).unwrap().len();
    assert!(
        manifest.contains(&format!("\"bytes\": {length}")),
        "{manifest}"
    );
    reseal(&folder);
    is_refused(&program, "SQLite finds damage").await;
}

/// Puts programs of PostgreSQL into PATH that run this script.
fn with_programs(program: Program, script: &str) -> Program {
    let folder = program.folder.path().join("other");
    fs::create_dir(&folder).unwrap();
    for name in ["pg_dump", "pg_restore"] {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", folder.display());
    program.with("PATH", &path)
}

/// They say that they have the version of the server, and then do not end. The server goes on to work for a `pg_restore` that was killed.
#[actix_web::test]
async fn a_pg_dump_or_pg_restore_that_does_not_end_is_stopped() {
    if !Backend::current().is_postgres() {
        return;
    }
    let (program, url) = backed_up().await;
    let version = "SELECT current_setting('server_version_num')::bigint / 10000";
    let version = number(&url, version).await;
    let script = format!(
        "[ \"$1\" = --version ] && {{ echo \"$0 (PostgreSQL) {version}.0\"; exit; }}\n\
         case \"$0\" in *pg_restore) command -v psql >/dev/null && exec psql --command='SELECT pg_sleep(3600)';; esac\n\
         exec sleep 3600"
    );
    let program = with_programs(program, &script).with("ATOLL__BACKUP__TIMEOUT", "1s");

    for (command, name) in [
        ("create", "pg_dump"),
        ("verify", "pg_restore"),
        ("restore --yes", "pg_restore"),
    ] {
        let stopped = program.refused(&format!("backup {command}")).await;
        let said = format!("{name} did not end within 1s and was stopped");
        assert!(stopped.contains(&said), "{command}: {stopped}");
        assert!(stopped.contains("backup.timeout"), "{command}: {stopped}");
    }

    assert_eq!(folders(&program).len(), 1, "nothing of the second is left");
    let left =
        "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_restoring%'";
    assert_eq!(number(&url, left).await, 0);
    let users = program.ok("user list", "").await;
    assert!(users.contains("ada@"), "the database is untouched: {users}");
}

/// The program in PATH belongs to another version, and would write something else.
#[actix_web::test]
async fn a_pg_dump_of_another_version_is_not_used() {
    if !Backend::current().is_postgres() {
        return;
    }
    let (program, _) = filled().await;
    let program = with_programs(program, "echo \"$0 (PostgreSQL) 9.6.1\"");

    program.ok("backup create", "").await;

    assert!(fs::metadata(copy(&folders(&program)[0])).unwrap().len() > 1000);
    let said = program.ok("backup verify", "").await;
    assert!(said.contains("is complete"), "{said}");
}

#[actix_web::test]
async fn the_database_before_a_restore_is_kept_whole() {
    let (program, url) = backed_up().await;
    let bob = "user create --username bob --email bob@example.org";
    program.ok(bob, PASSWORD).await;

    let said = program.ok("backup restore --yes", "").await;

    let (_, kept) = said.split_once("is kept as ").unwrap();
    let kept = kept.lines().next().unwrap().trim_end_matches('.');
    let kept = if Backend::current().is_postgres() {
        let (server, _) = url.rsplit_once('/').unwrap();
        format!("{server}/{kept}")
    } else {
        format!("sqlite://{kept}")
    };
    let count = "SELECT count(*) FROM users WHERE username = 'bob'";
    assert_eq!(number(&kept, count).await, 1);
    assert_eq!(number(&url, count).await, 0);
    if Backend::current().is_postgres() {
        let (server, name) = kept.rsplit_once('/').unwrap();
        let db = Sql::open(&format!("{server}/postgres")).await;
        db.run(&format!("DROP DATABASE \"{name}\"")).await;
    }
}

async fn number(url: &str, sql: &str) -> i64 {
    let db = Sql::open(url).await;
    let number = db.number(sql).await;
    db.close().await;
    number
}

async fn log_in(address: std::net::SocketAddr, otp: &str) -> Reply {
    let body = json!({ "login": "ada", "password": PASSWORD, "otp": otp });
    Client::new(address, None, 0)
        .post("/auth/login", body)
        .await
}

#[actix_web::test]
async fn nothing_that_works_once_or_for_a_while_comes_back() {
    let (program, url) = filled().await;
    let (mut server, address) = program.serve().await;
    let ada = sign_in(address).await;
    let phone = Authenticator::enabled(&ada).await;
    let post = ada
        .request(Method::POST, "/posts")
        .header("Idempotency-Key", "one");
    let post = post.json(&json!({ "title": "One", "content": "…" }));
    Reply::send(post).await.expect_status(201);
    let anyone = Client::new(address, None, 0);
    let wrong = json!({ "login": "ada", "password": "something else entirely" });
    anyone.post("/auth/login", wrong).await.expect_status(401);
    program
        .ok("user invite --superuser --email root@example.org", "")
        .await;
    let db = Sql::open(&url).await;
    db.run(
        "INSERT INTO mails (recipient, template, data, attempts, created_at, next_attempt_at) \
         SELECT email, 'reset', '{}', 0, created_at, created_at FROM users",
    )
    .await;
    let tables = [
        "sessions",
        "one_time_tokens",
        "mails",
        "idempotency_keys",
        "throttles",
    ];
    for table in tables {
        let rows = db.number(&format!("SELECT count(*) FROM {table}")).await;
        assert!(rows > 0, "{table} must have rows before the backup");
    }
    db.close().await;
    program.ok("backup create", "").await;
    let (code, spare) = (phone.code(1), &phone.recovery_codes);
    log_in(address, &code).await.expect_status(200);
    log_in(address, &spare[0]).await.expect_status(200);
    server.terminate();
    server.end().await;

    let said = program.ok("backup restore --yes", "").await;

    assert!(said.contains("1 recovery codes were used"), "{said}");
    for table in tables {
        let rows = number(&url, &format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 0, "{table}");
    }
    let (_server, address) = program.serve().await;
    log_in(address, &code).await.expect_status(401);
    log_in(address, &spare[0]).await.expect_status(401);
    log_in(address, &spare[1]).await.expect_status(200);
}

#[actix_web::test]
async fn revoked_keys_come_back_only_if_that_is_asked_for() {
    let (program, _) = filled().await;
    let (mut server, address) = program.serve().await;
    let ada = sign_in(address).await;
    let key = ada.with_key(&["posts.read"]).await;
    program.ok("backup create", "").await;
    let keys = ada.get("/auth/api-keys").await.expect_status(200);
    let id = &keys.body["data"][0]["id"];
    ada.delete(format!("/auth/api-keys/{id}"))
        .await
        .expect_status(204);
    server.terminate();
    server.end().await;

    let said = program
        .ok("backup restore --yes --keep-revoked-keys", "")
        .await;

    assert!(said.contains("valid again"), "{said}");
    let (_server, address) = program.serve().await;
    let key = Client::new(address, Some(key.token().to_owned()), 0);
    key.get("/posts").await.expect_status(200);
}

#[actix_web::test]
async fn a_restore_clears_our_keys_of_redis_and_no_others() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.is_ready().await;
    let (program, _) = backed_up().await;
    let program = program.with("ATOLL__REDIS__URL", &redis.url);
    for number in 0..1500 {
        redis.run(&format!("SET atoll:cache:value:{number} 1"));
    }
    redis.run("SET atoll:rate:auth:1 1");
    redis.run("SET atollx 1");
    redis.run("SET other:atoll: 1");

    let said = program.ok("backup restore --yes", "").await;

    assert!(said.contains("removed 1501 keys from Redis"), "{said}");
    assert_eq!(redis.ask("DBSIZE"), ":2");
    redis.stop();
    let refused = program.refused("backup restore --yes").await;
    assert!(
        refused.contains("the database is restored, but Redis could not be cleared"),
        "{refused}"
    );
}

#[actix_web::test]
async fn a_restore_in_production_must_be_forced() {
    let (program, _) = backed_up().await;
    let program = program.with("ATOLL_PROFILE", "production");

    let refused = program.refused("backup restore --yes").await;

    assert!(refused.contains("--force"), "{refused}");
    program.ok("backup restore --yes --force", "").await;
}

/// A name is a part of a path.
#[actix_web::test]
async fn a_name_outside_the_folder_is_refused() {
    let (program, _) = backed_up().await;
    let elsewhere = program.folder.path().join("atoll-elsewhere");
    fs::rename(&folders(&program)[0], &elsewhere).unwrap();

    for name in [
        "../atoll-elsewhere",
        elsewhere.to_str().unwrap(),
        "atoll-/../../atoll-elsewhere",
    ] {
        let refused = program.refused(&format!("backup verify {name}")).await;
        assert!(refused.contains("is not the name of a backup"), "{refused}");
    }
    assert!(Path::new(&elsewhere).exists());
}
