//! A user who left is erased when the retention of deleted rows is over, from the audit log too (contract §8).
use std::time::Duration;

use kernel::{Actor, Kernel, audit::verify};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use service::retention;
use tests::{TestApp, json, sql};

use crate::audit::chain::seal_all;

/// Returns every row of every table as text, except the search index, which removes its words itself.
async fn everything(kernel: &Kernel) -> Vec<(String, String)> {
    let system = kernel.session(Actor::System);
    let read = async |tx: &kernel::Tx, sql: String| {
        let backend = tx.get_database_backend();
        let rows = tx
            .query_all_raw(Statement::from_string(backend, sql))
            .await?;
        let text = |row: &sea_orm::QueryResult| row.try_get_by_index::<Option<String>>(0);
        let texts: Result<Vec<_>, _> = rows.iter().map(text).collect();
        Ok::<_, kernel::Error>(texts?.into_iter().flatten().collect::<Vec<_>>())
    };
    let all = system.write(async |tx| {
        let is_postgres = tx.get_database_backend() == DbBackend::Postgres;
        let tables = if is_postgres { "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()" } else { "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_search%' AND name NOT LIKE 'sqlite_%'" };
        let mut all = Vec::new();
        for table in read(tx, tables.to_owned()).await? {
            let rows = if is_postgres {
                format!("SELECT t::text FROM {table} t")
            } else {
                    let columns = format!("SELECT name FROM pragma_table_info('{table}')");
                    let columns = read(tx, columns).await?.join("), quote(");
                    format!("SELECT concat_ws(' ', quote({columns})) FROM {table}")
            };
            for row in read(tx, rows).await? {
                all.push((table.clone(), row));
            }
        }
        Ok(all)
    });
    all.await.unwrap()
}

/// Returns the places of a word that only one user wrote, in any case.
async fn traces(kernel: &Kernel, word: &str) -> Vec<(String, String)> {
    let mut all = everything(kernel).await;
    all.retain(|(_, row)| row.to_lowercase().contains(word));
    all
}

#[actix_web::test]
async fn an_erased_user_leaves_no_text_and_no_name() {
    let app = TestApp::with(|with| with.service.soft_delete.retention = Duration::ZERO).await;
    let (ada, bob) = (app.member("zanzibar").await, app.member("bob").await);
    let root = app.superuser("root").await;
    let me = json!({ "full_name": "Zanzibar Z.", "bio": "of Zanzibar" });
    ada.patch("/auth/me", me).await.expect_status(200);
    let rename = json!({ "username": "zanzibar-2", "email": "zanzibar@example.com" });
    root.patch(format!("/users/{}", ada.id), rename)
        .await
        .expect_status(200);
    let (hers, his) = (ada.publish("Zanzibar").await, bob.publish("His").await);
    let (old, _) = (
        ada.publish("Zanzibar again").await,
        bob.comment(hers.id(), "by bob").await,
    );
    ada.comment(his.id(), "zanzibar").await;
    ada.patch(old.url(), json!({ "content": "more of Zanzibar" }))
        .await
        .expect_status(200);
    ada.delete(old.url()).await.expect_status(204);
    let mail = "INSERT INTO mails (recipient, template, data, attempts, created_at, next_attempt_at) \
        SELECT email, 'notice', '{}', 0, created_at, created_at FROM users WHERE username = 'zanzibar-2'";
    sql::run(&app.kernel, mail).await;
    seal_all(&app.kernel).await;
    assert!(traces(&app.kernel, "zanzibar").await.len() > 10);
    ada.delete("/auth/me").await.expect_status(204);

    retention::purge(&app.kernel, |_| {}).await.unwrap();

    assert_eq!(traces(&app.kernel, "zanzibar").await, []);
    seal_all(&app.kernel).await;
    assert_eq!(verify(&app.kernel, None).await.unwrap().problems, []);
    let history = root
        .get(format!("/users/{}/history", ada.id))
        .await
        .expect_status(200);
    let entries = history.body["data"].as_array().unwrap().clone();
    assert_eq!(entries[0]["action"], "purged");
    assert!(entries[1..].iter().all(|entry| entry["changes"].is_null()));
}

#[actix_web::test]
async fn kept_content_stays_when_its_author_is_erased() {
    let app = TestApp::with(|with| with.service.soft_delete.retention = Duration::ZERO).await;
    let (ada, bob) = (app.member("zanzibar").await, app.member("bob").await);
    let post = ada.publish("Kept").await;
    ada.comment(post.id(), "kept too").await;
    seal_all(&app.kernel).await;
    ada.delete("/auth/me?keep_content=true")
        .await
        .expect_status(204);

    retention::purge(&app.kernel, |_| {}).await.unwrap();

    assert_eq!(traces(&app.kernel, "zanzibar").await, []);
    bob.get(post.url()).await.expect_status(200);
    let comments = format!("/posts/{}/comments", post.id());
    assert_eq!(bob.get(comments).await.ids().len(), 1);
    seal_all(&app.kernel).await;
    assert_eq!(verify(&app.kernel, None).await.unwrap().problems, []);
}
