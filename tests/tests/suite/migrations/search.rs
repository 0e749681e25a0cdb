//! The search tables have the declared columns, and index older rows.
use migration::MIGRATOR;
use secrecy::ExposeSecret;
use service::registry;
use tests::{PASSWORD, TestApp};

use super::{migrator, shared_database, sql};

/// The last migration of the application before search existed.
const BEFORE_SEARCH: &str = "m20261121_000012";

#[actix_web::test]
async fn rows_from_before_search_existed_are_found() {
    let (backend, settings, _folder) = shared_database().await;
    let url = settings.url.expose_secret();
    let app = TestApp::at(url, backend, |_| {}).await;
    let ada = app.member("ada").await;
    let (old, gone) = (ada.publish("Comet").await, ada.publish("Comet").await);
    ada.delete(gone.url()).await.expect_status(204);
    let (database, sql) = (migrator(&settings).await, sql(&settings).await);

    database
        .migrations(MIGRATOR)
        .to(BEFORE_SEARCH)
        .await
        .unwrap();
    // No trigger remains that could fail.
    let rename = format!("UPDATE posts SET title = 'Planet' WHERE id = {}", old.id());
    sql.run(&rename).await;
    database.migrations(MIGRATOR).up(None).await.unwrap();
    // A migration ends all sessions.
    let token = app.anonymous().login("ada", PASSWORD).await;
    let ada = ada.with_token(&token);

    for (path, expected) in [
        ("/posts?q=planet", vec![old.id()]),
        ("/posts?q=comet", vec![old.id()]),
        ("/posts?q=comet+-planet", vec![]),
        ("/posts?q=comet&deleted=only", vec![gone.id()]),
        ("/users?q=ada", vec![ada.id]),
    ] {
        let found = ada.get(path).await.expect_status(200);
        assert_eq!(found.ids(), expected, "{path}");
    }
}

#[actix_web::test]
async fn the_search_tables_have_the_declared_columns() {
    let (_, settings, _folder) = shared_database().await;
    let database = migrator(&settings).await;
    database.migrations(MIGRATOR).up(None).await.unwrap();
    let sql = sql(&settings).await;

    for table in registry().tables() {
        let name = table.name;
        // PostgreSQL has one column for the words of all columns.
        let (columns, declared) = if sql.is_postgres() {
            let columns =
                format!("SELECT relname::text FROM pg_class WHERE relname = '{name}_search'");
            let declared = (!table.search.is_empty()).then(|| format!("{name}_search"));
            (columns, declared.into_iter().collect())
        } else {
            let columns =
                format!("SELECT name FROM pragma_table_info('{name}_search') ORDER BY cid");
            let declared = table.search.iter().map(|name| (*name).to_owned());
            (columns, declared.collect::<Vec<_>>())
        };
        assert_eq!(
            sql.texts(&columns).await,
            declared,
            "{name}: its migration and its SEARCH name different columns"
        );
    }
}
