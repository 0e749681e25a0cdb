//! Every page of a list costs the same, measured in buffers instead of time.
mod hidden;
mod rows;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use tests::{Client, Sql, TestApp};

use rows::{LIVE_POSTS, fill};

/// The most buffers of a page of 20 rows: an index from its root, and a table page for each row. The tables have thousands of pages.
const FEW: u64 = 100;

/// Returns the number of buffers that a statement touches when it runs again with the same values.
async fn buffers(sql: &Sql, statement: Statement) -> u64 {
    let explain = Statement {
        sql: format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", statement.sql),
        ..statement
    };
    let row = sql.0.query_one_raw(explain).await.unwrap().unwrap();
    let plan: Value = row.try_get_by_index(0).unwrap();
    let of = |kind: &str| {
        let blocks = &plan[0]["Plan"][format!("Shared {kind} Blocks")];
        blocks.as_u64().unwrap()
    };
    of("Hit") + of("Read")
}

/// Returns the buffers of the statement that reads this page: the last statement with a limit.
async fn cost(app: &TestApp, sql: &Sql, client: &Client, path: &str) -> u64 {
    app.statements.take_whole();
    let page = client.get(path).await.expect_status(200);
    assert_eq!(page.ids().len(), 20, "{path} is a full page");
    let statements = app.statements.take_whole();
    let has_limit = |statement: &&Statement| {
        statement.sql.contains(" ORDER BY ") && statement.sql.contains(" LIMIT ")
    };
    let list = statements.iter().rfind(has_limit).unwrap();
    buffers(sql, list.clone()).await
}

/// Returns a cursor to the rows after the first `depth` rows of a list.
async fn cursor(client: &Client, list: &str, depth: u64) -> String {
    let page = client.get(format!("{list}&limit=1&offset={depth}")).await;
    page.expect_status(200).body["page"]["next"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Returns the buffers of the first page, of the page after `depth` rows, and of the page before that.
async fn costs(app: &TestApp, sql: &Sql, client: &Client, list: &str, depth: u64) -> [u64; 3] {
    let next = cursor(client, list, depth).await;
    let deep = format!("{list}&limit=20&cursor={next}");
    let page = client.get(&deep).await.expect_status(200);
    let prev = page.body["page"]["prev"].as_str().unwrap();
    [
        cost(app, sql, client, &format!("{list}&limit=20")).await,
        cost(app, sql, client, &deep).await,
        cost(app, sql, client, &format!("{list}&limit=20&cursor={prev}")).await,
    ]
}

#[actix_web::test]
#[ignore = "PostgreSQL only"]
async fn a_deep_page_reads_as_little_as_the_first() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    let (root, nobody) = (app.superuser("root").await, app.anonymous());
    let reader = app.member("reader").await;
    let sql = Sql::open(&app.url).await;
    let post = fill(&sql, ada.id).await;
    let posts = format!("/users/{}/posts?", ada.id);
    let comments = format!("/posts/{post}/comments?");
    let both = &["-id", "id", "-created_at", "created_at"][..];
    let (by_id, half) = (&both[..2], LIVE_POSTS / 2);
    let mixed = &["-created_at,title,id", "created_at,-author_id,-id"];
    let mixed_by_index = &["status,-created_at,-id", "-status,created_at,id"];

    let mut wrong = Vec::new();
    for (client, path, depth, sorts) in [
        (&nobody, "/posts?", half / 3, both),
        (&nobody, "/posts?", half / 3, mixed),
        // Between the drafts of others, with none of one's own.
        (&reader, "/posts?", half / 3, both),
        (&reader, "/posts?", half / 3, mixed),
        (&ada, "/posts?", half, both),
        (&editor, "/posts?", half, both),
        (&editor, "/posts?", half, mixed_by_index),
        (&root, "/posts?deleted=only&", 9_000, by_id),
        (&nobody, &posts, half / 4, by_id),
        (&ada, &posts, half / 2, by_id),
        (&nobody, &comments, 1_000, by_id),
        (&editor, &comments, 1_000, by_id),
        (&nobody, "/comments?", 2_000, both),
        (&nobody, "/users?", 500, both),
    ] {
        for sort in sorts {
            let list = format!("{path}sort={sort}");
            let [first, deep, before] = costs(&app, &sql, client, &list, depth).await;
            // Each change of direction in an order is one more range to seek.
            let seeks = if sort.contains(',') { 4 } else { 0 };
            // Members see two parts: what is published, and their own drafts. Either may fill a page.
            let parts = if [ada.id, reader.id].contains(&client.id) {
                2
            } else {
                1
            };
            let most = parts * first + first / 10 + 4 + seeks;
            if first > FEW || deep > most || before > most {
                let who = client.id;
                wrong.push(format!(
                    "{list} as {who}: {first} at first, {deep} deep, {before} before that"
                ));
            }
        }
    }

    assert!(
        wrong.is_empty(),
        "the buffers of a page depend on what is around it:\n{}",
        wrong.join("\n")
    );
}
