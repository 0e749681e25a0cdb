//! Backups in an S3-compatible store, over its protocol: also when it fails, hangs or holds something damaged.
use serde_json::Value;
use tests::{
    PASSWORD, Sql,
    port::ReservedPort,
    process::Program,
    s3::{BUCKET, Conduct, S3, SECRET_KEY},
};

use super::backup::{FOLDER, filled};

/// Returns a program whose backups go to a store, the store, and the URL of the database.
async fn stored() -> (Program, S3, String) {
    let store = S3::start();
    let (program, url) = filled().await;
    (store.configure(program), store, url)
}

/// Returns the names of all backups in a store, the oldest first.
fn names(store: &S3) -> Vec<String> {
    let keys = store.keys();
    let mut names: Vec<_> = keys
        .iter()
        .map(|key| key.split('/').nth(2).unwrap().to_owned())
        .collect();
    names.dedup();
    names
}

/// Returns what is left in the folder of the program.
fn local(program: &Program) -> Vec<String> {
    let folder = program.folder.path().join(FOLDER);
    let all = std::fs::read_dir(folder).unwrap();
    let names = all.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name != ".lock").collect()
}

/// Fills the database with 14 MiB that do not compress well.
async fn enlarge(url: &str) {
    let db = Sql::open(url).await;
    db.run("CREATE TABLE noise (text TEXT)").await;
    let row = if db.is_postgres() {
        "INSERT INTO noise SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 300000)"
    } else {
        "INSERT INTO noise VALUES (hex(randomblob(4800000)))"
    };
    for _ in 0..3 {
        db.run(row).await;
    }
    db.close().await;
}

/// Runs a command to its failure, whose text must have these words and no secret.
async fn refused(program: &Program, command: &str, words: &[&str]) {
    let said = program.refused(command).await;
    assert!(!said.contains(SECRET_KEY), "{said}");
    for word in words {
        assert!(said.contains(word), "{command}, {word}: {said}");
    }
}

#[actix_web::test]
async fn a_backup_in_a_store_is_listed_verified_and_restored() {
    let (program, store, _) = stored().await;

    let said = program.ok("backup create", "").await;

    assert!(said.starts_with("s3://books/atoll/a/atoll-"), "{said}");
    let last = store.seen().into_iter().rfind(|seen| seen.method == "PUT");
    assert!(last.unwrap().target.ends_with("/SHA256SUMS"));
    assert_eq!(local(&program), [""; 0], "nothing is left on this machine");
    let list = program.ok("backup list", "").await;
    assert!(list.contains(&names(&store)[0]), "{list}");
    let verified = program.ok("backup verify", "").await;
    assert!(verified.contains("is complete"), "{verified}");
    let bob = "user create --username bob --email bob@example.org";
    program.ok(bob, PASSWORD).await;
    program.ok("backup restore --yes", "").await;
    let users = program.ok("user list", "").await;
    assert!(users.contains("ada@") && !users.contains("bob@"), "{users}");
    assert_eq!(local(&program), [""; 0]);
}

#[actix_web::test]
async fn old_backups_in_a_store_are_removed_by_the_rule() {
    let (program, store, _) = stored().await;
    for _ in 0..3 {
        program.ok("backup create --keep last=2", "").await;
    }

    assert_eq!(names(&store).len(), 2, "{:?}", store.keys());
    assert_eq!(store.keys().len(), 6);
}

#[actix_web::test]
async fn a_large_backup_is_sent_and_read_in_parts() {
    const MOST: usize = 8 * 1024 * 1024;
    let (program, store, url) = stored().await;
    enlarge(&url).await;

    program.ok("backup create", "").await;

    let seen = store.seen();
    let parts = seen
        .iter()
        .filter(|seen| seen.target.contains("partNumber"));
    assert!(parts.count() >= 2, "{seen:?}");
    assert!(seen.iter().all(|seen| seen.bytes <= MOST));
    assert_eq!(store.open_uploads(), 0);
    let verified = program.ok("backup verify", "").await;
    assert!(verified.contains("is complete"), "{verified}");
}

#[actix_web::test]
async fn a_store_that_fails_in_the_middle_of_an_upload_has_no_backup() {
    let (program, store, url) = stored().await;
    enlarge(&url).await;
    store.behave(|seen| {
        if seen.target.contains("partNumber=2") {
            Conduct::Fail
        } else {
            Conduct::Answer
        }
    });

    refused(
        &program,
        "backup create",
        &["InternalError", &store.endpoint],
    )
    .await;

    assert_eq!(store.open_uploads(), 0, "the upload was aborted");
    assert_eq!(store.keys(), [""; 0]);
    assert_eq!(local(&program), [""; 0]);
    assert_eq!(program.ok("backup list", "").await, "");
    refused(&program, "backup verify", &["there is no backup"]).await;
}

/// The manifest and the checksums are sent after the copy.
#[actix_web::test]
async fn a_store_that_fails_at_the_end_of_an_upload_keeps_nothing_of_it() {
    let (program, store, _) = stored().await;
    store.behave(|seen| {
        if seen.target.contains("SHA256SUMS") && seen.method == "PUT" {
            Conduct::Fail
        } else {
            Conduct::Answer
        }
    });

    refused(&program, "backup create", &["InternalError"]).await;

    assert_eq!(store.keys(), [""; 0]);
}

#[actix_web::test]
async fn a_failure_that_passes_is_not_seen() {
    let (program, store, _) = stored().await;
    let program = program.with("ATOLL__BACKUP__S3__RETRY_TIMEOUT", "1m");
    let failures = std::sync::atomic::AtomicUsize::new(0);
    store.behave(move |seen| {
        let is_first = failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
        if seen.method == "PUT" && is_first {
            Conduct::Fail
        } else {
            Conduct::Answer
        }
    });

    program.ok("backup create", "").await;

    assert_eq!(store.keys().len(), 3);
}

#[actix_web::test]
async fn a_store_that_hangs_is_an_error_within_the_limits() {
    let (program, store, _) = stored().await;
    let program = program
        .with("ATOLL__BACKUP__MAX_AGE", "1h")
        .with("ATOLL__BACKUP__S3__REQUEST_TIMEOUT", "1s");
    store.behave(|_| Conduct::Hang);

    let advice = ["does not answer", "backup.s3.endpoint", &store.endpoint];
    refused(&program, "backup create", &advice).await;
    refused(&program, "backup list", &advice).await;
    refused(&program, "backup verify", &advice).await;

    assert_eq!(backups(&program).await["status"], "error");
}

/// Returns what the doctor finds about backups.
async fn backups(program: &Program) -> Value {
    let output = program.run("doctor --json", "").await;
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = found["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "backups");
    check.unwrap().clone()
}

#[actix_web::test]
async fn the_doctor_knows_the_age_of_the_newest_backup_in_a_store() {
    let (program, store, _) = stored().await;
    let program = program.with("ATOLL__BACKUP__MAX_AGE", "1h");
    assert_eq!(backups(&program).await["status"], "warning");

    program.ok("backup create", "").await;

    let found = backups(&program).await;
    assert_eq!(found["status"], "ok", "{found}");
    assert!(found["found"].to_string().contains("s3://books"), "{found}");
    store.remove("SHA256SUMS");
    assert_eq!(backups(&program).await["status"], "warning");
}

#[actix_web::test]
async fn every_reason_of_a_refused_access_says_what_to_do() {
    let (program, store, _) = stored().await;
    let program = program.with("AWS_SECRET_ACCESS_KEY", "another secret of the tests");
    let output = program.refused("backup create").await;
    assert!(!output.contains("another secret"), "{output}");
    refused(
        &program,
        "backup list",
        &["SignatureDoesNotMatch", "backup.s3.secret_access_key"],
    )
    .await;
    let (program, _store, _) = stored().await;
    let missing = "backup create --store s3://shelves/atoll";
    refused(
        &program,
        missing,
        &["there is no bucket shelves", "create it"],
    )
    .await;
    let nobody = ReservedPort::bind();
    let endpoint = format!("http://127.0.0.1:{}", nobody.number);
    let program = program.with("AWS_ENDPOINT_URL", &endpoint);
    let away = ["does not answer", &endpoint, "backup.s3.endpoint"];
    refused(&program, "backup create", &away).await;
    assert_eq!(store.keys(), [""; 0]);
}

#[actix_web::test]
async fn a_store_is_not_used_with_half_a_configuration() {
    let (program, _) = filled().await;
    let program = program.with("ATOLL__BACKUP__STORE", &format!("s3://{BUCKET}"));
    refused(&program, "backup list", &["backup.s3.secret_access_key"]).await;
    let program = S3::start()
        .configure(program)
        .with("AWS_ENDPOINT_URL", "http://s3.example.org");
    refused(&program, "backup list", &["backup.s3.allow_http"]).await;
    let program = program
        .with("AWS_ENDPOINT_URL", "https://s3.example.org")
        .with("ATOLL__BACKUP__STORE", "s3://id:letmein@books/a");
    let said = program.refused("backup list").await;
    assert!(said.contains("s3://BUCKET/PREFIX"), "{said}");
    assert!(!said.contains("letmein"), "{said}");
}

#[actix_web::test]
async fn damaged_and_truncated_objects_are_found_and_named() {
    let (program, store, _) = stored().await;
    for _ in 0..4 {
        program.ok("backup create", "").await;
    }
    let [truncated, flipped, altered, longer] = <[String; 4]>::try_from(names(&store)).unwrap();
    let copy = if tests::Backend::current().is_postgres() {
        "database.dump"
    } else {
        "database.sqlite"
    };
    store.change(&format!("{truncated}/{copy}"), |bytes| {
        bytes.pop();
    });
    store.change(&format!("{flipped}/{copy}"), |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    store.change(&format!("{altered}/manifest.json"), |bytes| {
        bytes.push(b' ');
    });
    store.change(&format!("{longer}/{copy}"), |bytes| bytes.push(0));

    for (name, what) in [
        (&truncated, "truncated"),
        (&flipped, "differs from its checksum"),
        (&altered, "manifest.json"),
        (&longer, "too long"),
    ] {
        for command in ["verify", "restore --yes"] {
            refused(&program, &format!("backup {command} {name}"), &[name, what]).await;
        }
    }
    let output = program.run("backup list", "").await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    // The copies are not read for a list.
    assert_eq!(said.matches("DAMAGED").count(), 3, "{said}");
}

#[actix_web::test]
async fn an_interrupted_upload_is_named_and_later_removed() {
    let (program, store, _) = stored().await;
    program.ok("backup create", "").await;
    let name = names(&store).remove(0);
    store.remove("SHA256SUMS");

    let list = program.ok("backup list", "").await;

    assert_eq!(list, format!("{name}  UNFINISHED\n"));
    refused(&program, "backup verify", &["there is no backup"]).await;
    let unfinished = format!("backup restore --yes {name}");
    refused(&program, &unfinished, &[&name, "is unfinished"]).await;
    program.ok("backup create", "").await;
    assert_eq!(names(&store).len(), 2, "another process may still send it");
    let old = "atoll-20200101T000000.000Z";
    store.rename(&name, old);
    let said = program.ok("backup create", "").await;
    assert!(said.contains(&format!("removed {old}")), "{said}");
    assert_eq!(names(&store).len(), 2);
}
