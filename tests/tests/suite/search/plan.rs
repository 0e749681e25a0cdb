//! SQLite reads the search index once, not for each row: with 40,000 posts that takes 0.1 s instead of many minutes.
use sea_orm::{ConnectionTrait, Statement};
use tests::{Backend, Sql, TestApp};

use super::url;

/// Returns the steps of SQLite's plan for a statement.
async fn plan(sql: &Sql, statement: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    let explain = Statement::from_string(sql.0.get_database_backend(), explain);
    let rows = sql.0.query_all_raw(explain).await.unwrap();
    let detail = |row: &sea_orm::QueryResult| row.try_get_by_index(3).unwrap();
    rows.iter().map(detail).collect()
}

#[actix_web::test]
async fn a_search_reads_the_index_once_per_statement() {
    let (address, _folder) = Backend::File.fresh().await;
    let app = TestApp::at(&address, Backend::File, |_| {}).await;
    let (ada, sql) = (app.member("ada").await, Sql::open(&address).await);
    let mut seen = 0;

    for client in [&app.anonymous(), &ada] {
        for more in [
            "",
            "&sort=-id",
            "&sort=title",
            "&sort=-created_at",
            "&count=exact",
            "&status=published",
            "&id[in]=1,2,3",
            "&slug=hello",
            "&author_id=1&status=draft&sort=id",
            "&author.username=ada",
            "&deleted=include",
        ] {
            app.statements.take();
            let path = url("posts", "hello world") + more;
            client.get(path).await.expect_status(200);

            let statements = app.statements.take();
            for statement in statements.iter().filter(|sql| sql.contains("_search")) {
                seen += 1;
                let plan = plan(&sql, statement).await;
                let once = ["CO-ROUTINE found", "MATERIALIZE found"].contains(&&*plan[0]);
                assert!(once, "{more}: {plan:#?}");
                let by_row = plan
                    .iter()
                    .any(|step| step.contains("VIRTUAL TABLE INDEX 0:="));
                assert!(!by_row, "{more}: {plan:#?}");
            }
        }
    }

    assert_eq!(seen, 24, "a page each, and two totals");
}
