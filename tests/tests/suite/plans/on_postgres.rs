//! Every page of a list costs the same, measured in buffers instead of time.
mod hidden;
mod rows;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
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

/// Returns the plan of the statement that reads this page.
async fn plan(app: &TestApp, sql: &Sql, client: &Client, path: &str, explain: &str) -> String {
    app.statements.take_whole();
    client.get(path).await.expect_status(200);
    let statements = app.statements.take_whole();
    let reads_posts = |statement: &&Statement| statement.sql.contains(r#"FROM "posts""#);
    let list = statements.iter().rfind(reads_posts).unwrap().clone();
    let explain = Statement {
        sql: format!("{explain} {}", list.sql),
        ..list
    };
    let rows = sql.0.query_all_raw(explain).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
    lines.collect::<Vec<String>>().join("\n")
}

#[actix_web::test]
#[ignore = "PostgreSQL only"]
async fn posts_have_few_indexes_and_each_serves_its_query() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    let (root, nobody) = (app.superuser("root").await, app.anonymous());
    let sql = Sql::open(&app.url).await;
    fill(&sql, ada.id).await;
    let carl = app.member("carl").await;
    carl.publish("One").await;
    sql.run("ANALYZE posts").await;
    let of_carl = format!("/users/{}/posts?sort=-id", carl.id);

    let served = [
        ("posts_pkey", &editor, "/posts?sort=-id"),
        ("posts_slug_live", &nobody, "/posts?slug=s600"),
        ("posts_id_deleted", &root, "/posts?deleted=only&sort=-id"),
        (
            "posts_created_at_id_live",
            &editor,
            "/posts?sort=-created_at",
        ),
        (
            "posts_published_at_id_live",
            &editor,
            "/posts?sort=published_at",
        ),
        ("posts_author_id_status_id", &nobody, &of_carl),
        ("posts_id_published", &nobody, "/posts?sort=-id"),
        (
            "posts_status_id_live",
            &editor,
            "/posts?status=archived&sort=-id",
        ),
    ];
    for (index, client, path) in served {
        let plan = self::plan(&app, &sql, client, path, "EXPLAIN").await;
        assert!(plan.contains(index), "{path} uses {index}:\n{plan}");
    }
    let deletion = "EXPLAIN SELECT id FROM posts WHERE deletion_id = 7";
    let deletion = Statement::from_string(DbBackend::Postgres, deletion);
    let plan = sql.0.query_one_raw(deletion).await.unwrap().unwrap();
    let plan: String = plan.try_get_by_index(0).unwrap();
    assert!(plan.contains("posts_deletion_id"), "{plan}");
    let all = "SELECT count(*) FROM pg_indexes WHERE tablename = 'posts'";
    assert_eq!(sql.number(all).await, 9);
}

/// The index of words is read only for a word that is rare among the rows of the list.
#[actix_web::test]
#[ignore = "PostgreSQL only"]
async fn a_search_reads_few_rows_for_frequent_and_for_rare_words() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let sql = Sql::open(&app.url).await;
    fill(&sql, ada.id).await;
    let words =
        "CASE WHEN id % 1200 = 0 THEN 'frequent rare'::tsvector ELSE 'frequent'::tsvector END";
    let words = format!("INSERT INTO posts_search (id, words) SELECT id, {words} FROM posts");
    sql.run(&words).await;
    sql.run("ANALYZE posts_search").await;

    for (path, uses_index) in [
        ("/posts?q=frequent", false),
        ("/posts?q=frequent&sort=-id", false),
        ("/posts?q=frequent&sort=created_at", false),
        ("/posts?q=rare", true),
        ("/posts?q=rare&sort=-id", true),
    ] {
        let nobody = app.anonymous();
        let plan = self::plan(&app, &sql, &nobody, path, "EXPLAIN ANALYZE").await;
        let is_skipped = plan.contains("(never executed)");
        assert_ne!(is_skipped, uses_index, "{path}:\n{plan}");
    }
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
    let natural = &[
        "-id",
        "id",
        "-created_at",
        "created_at",
        "-published_at",
        "published_at",
    ][..];
    let (both, by_id, half) = (&natural[..4], &natural[..2], LIVE_POSTS / 2);
    let mixed = &["-created_at,title,id", "created_at,-author_id,-id"];

    let mut wrong = Vec::new();
    for (client, path, depth, sorts) in [
        (&nobody, "/posts?", half / 3, natural),
        (&nobody, "/posts?", half / 3, mixed),
        // Between the drafts of others, with none of one's own.
        (&reader, "/posts?", half / 3, both),
        (&reader, "/posts?", half / 3, mixed),
        (&ada, "/posts?", half, both),
        (&editor, "/posts?", half, natural),
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
            // Members see three parts: what is published, and their own posts with each other status. Each may fill a page.
            let parts = if [ada.id, reader.id].contains(&client.id) {
                3
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
        "some pages read more buffers than the first page of their list:\n{}",
        wrong.join("\n")
    );
}
