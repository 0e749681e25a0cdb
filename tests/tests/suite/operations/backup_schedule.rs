//! Backups that a server makes by itself.
use std::{collections::BTreeMap, fs};

use tests::{
    Client, Sql,
    process::{Process, Program, eventually},
    s3::{Conduct, S3},
};

use super::backup::{FOLDER, filled};

const EVERY: &str = "ATOLL__BACKUP__SCHEDULE__EVERY";

/// Returns the names of the finished backups in the folder, the oldest first.
fn names(program: &Program) -> Vec<String> {
    let Ok(all) = fs::read_dir(program.folder.path().join(FOLDER)) else {
        return Vec::new();
    };
    let names = all.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| name.ends_with('Z')).collect();
    names.sort_unstable();
    names
}

/// Returns the value of a series of the job.
async fn figure(server: &Process, series: &str) -> f64 {
    let said = server.said();
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_suffix("/metrics  metrics"));
    let url = format!("{}/metrics", line.unwrap());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let samples: BTreeMap<_, _> = text
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .collect();
    samples
        .get(series)
        .map_or(0.0, |value| value.parse().unwrap())
}

async fn scheduled() -> Program {
    let (program, _) = filled().await;
    program
        .with(EVERY, "1s")
        .with("ATOLL__METRICS__LISTEN", "127.0.0.1:0")
}

const SUCCESSES: &str = "atoll_job_successes_total{job=\"backup\"}";
const FAILURES: &str = "atoll_job_failures_total{job=\"backup\"}";
const NEWEST: &str = "atoll_backup_newest_timestamp_seconds";

#[actix_web::test]
async fn a_server_makes_backups_and_keeps_those_of_the_rule() {
    let program = scheduled().await.with("ATOLL__BACKUP__KEEP", "last=2");
    let (server, _) = program.serve().await;

    let first = eventually("a backup is made", async || {
        names(&program).into_iter().next()
    })
    .await;
    eventually("the first backup is removed", async || {
        let names = names(&program);
        (!names.contains(&first) && names.len() == 2).then_some(())
    })
    .await;

    assert!(figure(&server, SUCCESSES).await > 0.0);
    assert!(figure(&server, NEWEST).await > 1_700_000_000.0);
    assert!(server.log().contains("backup made"), "{}", server.log());
    drop(server);
    let said = program.ok("backup verify", "").await;
    assert!(said.contains("is complete"), "{said}");
}

#[actix_web::test]
async fn a_backup_that_is_not_due_is_not_made() {
    let program = scheduled().await.with(EVERY, "24h");
    program.ok("backup create", "").await;
    let (server, _) = program.serve().await;

    eventually("the server looks", async || {
        (figure(&server, NEWEST).await > 0.0).then_some(())
    })
    .await;

    assert_eq!(names(&program).len(), 1);
    assert!(figure(&server, FAILURES).await < 1.0);
}

#[actix_web::test]
async fn a_failed_backup_is_reported_and_tried_again_while_requests_are_served() {
    let store = S3::start();
    store.behave(|_| Conduct::Fail);
    let program = store.configure(scheduled().await);
    let (server, address) = program.serve().await;

    eventually("a backup fails", async || {
        (figure(&server, FAILURES).await > 1.0).then_some(())
    })
    .await;

    let log = server.log();
    assert!(
        log.contains("job failed, will retry") && log.contains("InternalError"),
        "{log}"
    );
    let anyone = Client::new(address, None, 0);
    anyone.get("/posts").await.expect_status(200);
    assert_eq!(store.keys(), [""; 0]);
    store.behave(|_| Conduct::Answer);
    eventually("a backup is made", async || {
        let keys = store.keys();
        keys.iter()
            .any(|key| key.ends_with("SHA256SUMS"))
            .then_some(())
    })
    .await;
}

#[actix_web::test]
async fn one_process_makes_a_backup_at_a_time() {
    let (program, url) = filled().await;
    let program = program
        .with(EVERY, "1s")
        .with("ATOLL__METRICS__LISTEN", "127.0.0.1:0");
    let folder = program.folder.path().join(FOLDER);
    fs::create_dir(&folder).unwrap();
    let other = fs::File::create(folder.join(".lock")).unwrap();
    let db = Sql::open(&url).await;
    // Another node: on PostgreSQL it may use another folder.
    if db.is_postgres() {
        db.run("SELECT pg_advisory_lock(72848069317968)").await;
    } else {
        other.lock().unwrap();
    }
    let (server, _) = program.serve().await;
    eventually("the server looks", async || {
        (figure(&server, SUCCESSES).await > 1.0).then_some(())
    })
    .await;
    assert_eq!(names(&program), [""; 0]);
    if !db.is_postgres() {
        let busy = program.refused("backup create").await;
        assert!(busy.contains("another process makes a backup"), "{busy}");
    }

    other.unlock().unwrap();
    db.close().await;

    eventually("a backup is made", async || names(&program).pop()).await;
}

#[actix_web::test]
async fn what_a_killed_process_left_is_removed_by_the_next_backup() {
    let (program, _) = filled().await;
    let left = program
        .folder
        .path()
        .join(FOLDER)
        .join("atoll-20261130T070000.000Z.part");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("database.dump"), "half").unwrap();
    assert_eq!(program.ok("backup list", "").await, "");

    program.ok("backup create", "").await;

    assert!(!left.exists());
    assert_eq!(names(&program).len(), 1);
}
