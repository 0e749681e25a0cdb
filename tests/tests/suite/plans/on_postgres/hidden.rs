//! A page examines a limited number of rows, however many are hidden from the caller.
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use tests::{Client, Sql, TestApp, json};

/// The rows that one page may examine, and again as many to find the next row.
const MOST: f64 = 2.0 * 2_000.0 + 1.0;

/// Rows of `comments` that the server's statement for this page reads.
async fn rows_read(app: &TestApp, sql: &Sql, client: &Client, path: &str) -> f64 {
    app.statements.take_whole();
    client.get(path).await.expect_status(200);
    let statements = app.statements.take_whole();
    let is_list = |statement: &&Statement| statement.sql.contains(" ORDER BY ");
    let list = statements.iter().rfind(is_list).unwrap().clone();
    let explain = Statement {
        sql: format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", list.sql),
        ..list
    };
    let row = sql.0.query_one_raw(explain).await.unwrap().unwrap();
    let plan: Value = row.try_get_by_index(0).unwrap();
    rows(&plan[0]["Plan"])
}

fn rows(node: &Value) -> f64 {
    let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
    let is_ours = node["Relation Name"] == "comments";
    let own = if is_ours {
        (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops")
    } else {
        0.0
    };
    let below = node["Plans"].as_array().into_iter().flatten();
    own + below.map(rows).sum::<f64>()
}

#[actix_web::test]
#[ignore = "PostgreSQL only"]
async fn a_page_over_hidden_rows_reads_a_bounded_number() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let reader = app.member("reader").await;
    let sql = Sql::open(&app.url).await;
    let open = ada.publish("Open").await.id();
    let closed = ada.publish("Closed").await.id();
    for (post, count) in [(open, 300), (closed, 20_000)] {
        sql.run(&format!(
            "INSERT INTO comments (post_id, author_id, body, created_at, updated_at, version)
             SELECT {post}, {}, 'Text', now(), now(), 1 FROM generate_series(1, {count})",
            ada.id
        ))
        .await;
    }
    let archived = json!({ "status": "archived" });
    ada.patch(format!("/posts/{closed}"), archived)
        .await
        .expect_status(200);
    sql.run("ANALYZE").await;

    let (anonymous, lists) = (
        app.anonymous(),
        ["/comments?", "/comments?sort=created_at&"],
    );
    for client in [&anonymous, &reader] {
        for list in lists {
            for more in ["limit=20", "limit=20&deleted=include", "limit=20&offset=40"] {
                // Deleted rows have an index by id alone.
                if list.contains("created_at") && more.contains("include") {
                    continue;
                }
                let path = format!("{list}{more}");
                let rows = rows_read(&app, &sql, client, &path).await;
                assert!(rows <= MOST + 2.0 * 40.0, "{path}: {rows} rows");
            }
        }
    }
    let full = rows_read(&app, &sql, &anonymous, "/comments?sort=id&limit=20").await;
    assert!(full <= 21.0, "a full page reads {full} rows");
}
