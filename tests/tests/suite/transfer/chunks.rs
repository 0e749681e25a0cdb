//! An import commits a thousand records at a time: the effect of an error, a dry run or a broken connection.
use serde_json::Value;
use tests::{TestApp, json};

use super::import::{errors, lines, post, total};

/// Returns this many records of posts, with invalid ones on these lines.
fn posts(count: usize, bad: &[usize]) -> String {
    lines((1..=count).map(|line| {
        if bad.contains(&line) {
            json!({ "title": "" , "content": "…" })
        } else {
            post(format!("Post {line}"))
        }
    }))
}

/// Returns the numbers of lines, of created and refused records, and of committed lines.
fn counts(report: &Value) -> [i64; 4] {
    ["lines", "created", "refused", "committed_lines"].map(|name| report[name].as_i64().unwrap())
}

#[actix_web::test]
async fn an_error_aborts_the_import_and_undoes_its_chunk() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let reply = ada
        .import("/posts/import", posts(3_000, &[1_500, 2_500]))
        .await;

    let reply = reply.expect_problem(422, "validation_failed");
    assert_eq!(errors(&reply), [(1_500, "/title")]);
    assert_eq!(reply.body["committed_lines"], 1_000);
    assert_eq!(total(&ada, "/posts").await, 1_000);
}

#[actix_web::test]
async fn an_import_can_continue_where_it_stopped() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let stopped = ada.import("/posts/import", posts(1_200, &[1_100])).await;
    let committed = stopped.expect_status(422).body["committed_lines"].clone();

    let again = format!("/posts/import?skip={committed}");
    let reply = ada
        .import(&again, posts(1_200, &[]))
        .await
        .expect_status(200);
    let nothing = ada
        .import("/posts/import?skip=1200", posts(1_200, &[]))
        .await;

    assert_eq!(counts(&reply.body), [1_200, 200, 0, 1_200]);
    assert_eq!(
        counts(&nothing.expect_status(200).body),
        [1_200, 0, 0, 1_200]
    );
    assert_eq!(total(&ada, "/posts").await, 1_200);
}

#[actix_web::test]
async fn line_numbers_include_skipped_lines() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let text = format!("\n{}", posts(5, &[4]));
    let reply = ada.import("/posts/import?skip=2&on_error=skip", text).await;
    let too_many = ada.import("/posts/import?skip=6", posts(5, &[])).await;

    let reply = reply.expect_status(200);
    assert_eq!(errors(&reply), [(5, "/title")]);
    assert_eq!(counts(&reply.body), [5, 2, 1, 5]);
    let too_many = too_many.expect_problem(422, "validation_failed");
    assert_eq!(errors(&too_many), [(5, "")]);
}

#[actix_web::test]
async fn an_import_can_skip_invalid_records() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let text = posts(2_500, &[1, 1_000, 1_001, 2_500]);
    let reply = ada
        .import("/posts/import?on_error=skip", text)
        .await
        .expect_status(200);

    let lines: Vec<_> = errors(&reply).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [1, 1_000, 1_001, 2_500]);
    assert_eq!(counts(&reply.body), [2_500, 2_496, 4, 2_500]);
    assert_eq!(total(&ada, "/posts").await, 2_496);
}

#[actix_web::test]
async fn a_dry_run_writes_nothing_and_gives_the_same_report() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let taken = json!({ "title": "Taken", "content": "…", "slug": "post-7" });
    ada.post("/posts", taken).await.expect_status(201);
    let mut text = posts(1_100, &[3]);
    text += &lines([json!({ "title": "Slug", "content": "…", "slug": "post-7" })]);

    let skipping = ada
        .import("/posts/import?on_error=skip&dry_run=true", text.clone())
        .await;
    let aborting = ada.import("/posts/import?dry_run=true", text).await;
    let clean = ada
        .import("/posts/import?dry_run=true", posts(1_100, &[]))
        .await;

    let skipping = skipping.expect_status(200);
    assert_eq!(errors(&skipping), [(3, "/title"), (1_101, "/slug")]);
    assert_eq!(counts(&skipping.body), [1_101, 1_099, 2, 0]);
    assert_eq!(skipping.body["dry_run"], true);
    let aborting = aborting.expect_problem(422, "validation_failed");
    assert_eq!(aborting.body["committed_lines"], 0);
    assert_eq!(counts(&clean.expect_status(200).body), [1_100, 1_100, 0, 0]);
    assert_eq!(total(&ada, "/posts").await, 1);
    assert_eq!(
        total(&app.superuser("root").await, "/audit?resource=posts").await,
        1
    );
}

#[actix_web::test]
async fn the_statements_of_a_chunk_do_not_grow_with_its_records() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let mut costs = Vec::new();
    for count in [10, 1_000] {
        app.statements.take();
        let text = lines((0..count).map(|number| json!({
            "title": format!("{count} {number}"), "content": "…", "slug": format!("{count}-{number}"),
        })));
        ada.import("/posts/import", text).await.expect_status(200);
        costs.push(app.statements.take().len());
    }

    // A list of rows is put into statements of 256, 64, 16, 4 and 1: of ten rows into four, of a thousand into ten. On SQLite
    // their words are such a list too; on PostgreSQL they are two arrays.
    let lists = if app.backend.is_postgres() { 1 } else { 2 };
    assert_eq!(costs[0] + 6 * lists, costs[1], "{costs:?}");
}
