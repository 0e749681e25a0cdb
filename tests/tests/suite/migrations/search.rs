//! The side tables of search: what they follow, and rows that are older than they.
use secrecy::ExposeSecret;
use service::registry;
use tests::{PASSWORD, TestApp};

use super::{migrator, shared, sql};

/// The last step before there is search.
const BEFORE_SEARCH: &str = "m20261121_000013";

#[actix_web::test]
async fn rows_that_were_there_before_search_are_found() {
    let (backend, settings, _folder) = shared().await;
    let url = settings.url.expose_secret();
    let app = TestApp::at(url, backend, |_| {}).await;
    let ada = app.member("ada").await;
    let (old, gone) = (ada.publish("Comet").await, ada.publish("Comet").await);
    ada.delete(gone.url()).await.expect_status(204);
    let (database, sql) = (migrator(&settings).await, sql(&settings).await);

    database.migrations().to(BEFORE_SEARCH).await.unwrap();
    // No trigger is left to fail.
    let rename = format!("UPDATE posts SET title = 'Planet' WHERE id = {}", old.id());
    sql.run(&rename).await;
    database.migrations().up(None).await.unwrap();
    // Sign-ins end on the way.
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
async fn the_side_tables_follow_what_the_resources_declare() {
    let (_, settings, _folder) = shared().await;
    let database = migrator(&settings).await;
    database.migrations().up(None).await.unwrap();
    let sql = sql(&settings).await;

    for table in registry::tables() {
        let name = table.name;
        let followed = match sql.is_postgres() {
            true => format!(
                "SELECT event_object_column::text FROM information_schema.triggered_update_columns WHERE trigger_name = '{name}_search_update' ORDER BY 1"
            ),
            false => format!("SELECT name FROM pragma_table_info('{name}_search') ORDER BY 1"),
        };
        let mut declared = table.search.clone();
        declared.sort_unstable();
        assert_eq!(
            sql.texts(&followed).await,
            declared,
            "{name}: its migration and its SEARCH name different columns"
        );
    }
}
