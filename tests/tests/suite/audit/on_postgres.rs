//! A server whose role does not own the tables works, and can only append to the audit log.
use std::time::Duration;

use kernel::audit::{Settings, verify};
use sea_orm::ConnectionTrait;
use service::retention;
use tests::{Backend, Sql, TestApp, json, postgres::new_role, process::Program};

use super::{actions, chain::seal_all, history};

/// A server whose role was granted its rights under a retention of entries, and the connections of the role and of the owner
/// of the tables, who is not a superuser.
struct Granted {
    app: TestApp,
    role: Sql,
    owner: Sql,
}

impl Granted {
    async fn new(kept_for: &str) -> Self {
        let (url, place) = Backend::Postgres.fresh().await;
        let (owner, owner_url) = new_role(&url, "owner").await;
        let (role, role_url) = new_role(&url, "server").await;
        let anew =
            format!("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION {owner}");
        Sql::open(&url).await.run(&anew).await;
        let program = program(&owner_url).with("ATOLL__AUDIT__RETENTION", kept_for);
        program.ok("migrate up", "").await;
        program.ok(&format!("migrate grant {role}"), "").await;
        let app = TestApp::at(&role_url, Backend::Postgres, |with| {
            with.service.audit.retention = Duration::from_millis(1);
            with.service.soft_delete.retention = Duration::ZERO;
        });
        let mut app = app.await;
        app.place = place;
        Self {
            app,
            role: Sql::open(&role_url).await,
            owner: Sql::open(&owner_url).await,
        }
    }

    /// Returns the error of the database for a statement of the role.
    async fn refused(&self, sql: &str) -> String {
        match self.role.0.execute_unprepared(sql).await {
            Ok(_) => panic!("not refused: {sql}"),
            Err(refused) => refused.to_string(),
        }
    }
}

fn program(url: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_atoll-under-test")).with("DATABASE_URL", url)
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_role_without_a_right_to_change_entries_can_serve() {
    let Granted { app, owner, .. } = Granted::new("1ms").await;
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let comment = ada.comment(post.id(), "…").await;
    ada.patch(post.url(), json!({ "content": "Two" }))
        .await
        .expect_status(200);
    ada.post(format!("{}/revert", post.url()), json!({ "version": 1 }))
        .await
        .expect_status(200);
    let create = json!({ "op": "create", "data": { "title": "Many", "content": "…" } });
    ada.post("/posts/bulk", json!({ "operations": [create, create] }))
        .await
        .expect_status(200);
    let editor = root.get("/roles?name=editor").await.body["data"][0]["id"].clone();
    root.put(format!("/users/{}/roles/{editor}", ada.id))
        .await
        .expect_status(204);
    ada.delete(post.url()).await.expect_status(204);
    ada.act(format!("{}/restore", post.url()))
        .await
        .expect_status(200);
    ada.delete(post.url()).await.expect_status(204);
    root.act(format!("{}/purge", post.url()))
        .await
        .expect_status(204);
    seal_all(&app.kernel).await;

    let entries = history(&root, post.url()).await;
    assert_eq!(entries[0]["action"], "created");
    assert!(entries[0]["changes"].is_null(), "{entries:?}");
    assert_eq!(
        actions(&history(&root, comment.url()).await),
        ["created", "deleted", "restored", "deleted", "purged"]
    );
    let verdict = verify(&app.kernel, None).await.unwrap();
    assert_eq!(verdict.problems, []);

    // The jobs purge deleted rows, and remove sealed entries.
    let next = ada.publish("Next").await;
    ada.delete(next.url()).await.expect_status(204);
    seal_all(&app.kernel).await;
    let purged = retention::purge(&app.kernel, |_| {}).await.unwrap();
    let rows = |table| purged.iter().find(|expired| expired.table == table);
    assert_eq!(rows("posts").map(|expired| expired.rows), Some(1));
    assert_eq!(
        rows("audit_entries").map(|expired| expired.rows),
        Some(verdict.entries)
    );
    seal_all(&app.kernel).await;
    assert_eq!(verify(&app.kernel, None).await.unwrap().problems, []);
    assert_eq!(
        owner.number("SELECT count(*) FROM audit_prunes").await,
        1,
        "the beginning of the audit is recorded"
    );
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_role_without_that_right_cannot_change_or_remove_entries() {
    let granted = Granted::new("1ms").await;
    granted.app.member("ada").await;
    seal_all(&granted.app.kernel).await;

    let mut tricks = vec![
        "UPDATE audit_entries SET changes = '{}'".to_owned(),
        "UPDATE audit_seals SET digest = ''".to_owned(),
        "UPDATE audit_blocks SET mac = ''".to_owned(),
        "UPDATE audit_prunes SET mac = ''".to_owned(),
        "INSERT INTO audit_prunes (created_at, number, last_seq, block_mac, mac) VALUES (now(), 9, 9, '', '')".to_owned(),
        "UPDATE secrets SET value = ''".to_owned(),
        "DROP TABLE audit_entries".to_owned(),
        "CREATE TABLE audit_other (id bigint)".to_owned(),
        "CREATE OR REPLACE FUNCTION audit_kept_for() RETURNS interval LANGUAGE sql AS 'SELECT interval ''0'''".to_owned(),
    ];
    for table in [
        "audit_entries",
        "audit_seals",
        "audit_blocks",
        "audit_prunes",
    ] {
        tricks.push(format!("DELETE FROM {table}"));
        tricks.push(format!("TRUNCATE {table}"));
    }
    for trick in tricks {
        let refused = granted.refused(&trick).await;
        let is_forbidden = ["permission denied", "must be owner"];
        assert!(
            is_forbidden.iter().any(|word| refused.contains(word)),
            "{trick}: {refused}"
        );
    }
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn only_the_values_of_purged_rows_are_erased() {
    let granted = Granted::new("1ms").await;
    let ada = granted.app.member("ada").await;
    let (live, deleted) = (ada.publish("Live").await, ada.publish("Deleted").await);
    ada.delete(deleted.url()).await.expect_status(204);
    let values = "SELECT count(*) FROM audit_entries WHERE resource = 'posts' AND salt IS NOT NULL";

    for post in [&live, &deleted] {
        let erase = format!("SELECT audit_erase('posts', ARRAY[{}])", post.id());
        let refused = granted.refused(&erase).await;
        assert!(refused.contains("only of what was purged"), "{refused}");
        // The role can claim that the row was purged, and the claim stays in the audit.
        let pretend = format!(
            "INSERT INTO audit_entries (created_at, resource, resource_id, action, version) VALUES (now(), 'posts', {}, 'purged', 9)",
            post.id()
        );
        granted.role.run(&pretend).await;
        let refused = granted.refused(&erase).await;
        assert!(refused.contains("only of what is gone"), "{refused}");
    }

    let gone = granted
        .refused("SELECT audit_erase('posts', ARRAY[4711])")
        .await;
    assert!(gone.contains("only of what was purged"), "{gone}");
    assert_eq!(granted.owner.number(values).await, 3);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn entries_are_removed_no_earlier_than_the_owner_allows() {
    let granted = Granted::new("1d").await;
    let ada = granted.app.member("ada").await;
    seal_all(&granted.app.kernel).await;
    ada.publish("Hello").await;
    seal_all(&granted.app.kernel).await;
    let entries = "SELECT count(*) FROM audit_entries";
    let before = granted.owner.number(entries).await;

    let young = granted.refused("SELECT audit_prune(1, '')").await;
    let last = granted.refused("SELECT audit_prune(2, '')").await;
    // A forged block after the last one.
    granted
        .role
        .run(
            "INSERT INTO audit_blocks (number, created_at, first_seq, last_seq, last_transaction_id, last_entry_id, mac) \
             VALUES (3, '2001-01-01', 1, 99, 0, 0, ''), (4, '2001-01-01', 100, 100, 0, 0, '')",
        )
        .await;
    let forged = granted.refused("SELECT audit_prune(3, '')").await;

    for refused in [young, forged] {
        assert!(
            refused.contains("keeps its entries for longer"),
            "{refused}"
        );
    }
    assert!(last.contains("never the last"), "{last}");
    assert_eq!(granted.owner.number(entries).await, before);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_role_cannot_remove_entries_that_are_kept_for_ever() {
    let granted = Granted::new("0s").await;

    let refused = granted.refused("SELECT audit_prune(1, '')").await;

    assert!(
        refused.contains("permission denied for function"),
        "{refused}"
    );
    assert_eq!(Settings::default().retention, Duration::ZERO);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn rights_are_granted_only_to_a_role_that_they_limit() {
    let (url, _place) = Backend::Postgres.fresh().await;
    let (role, _) = new_role(&url, "server").await;
    let program = program(&url);
    let owner = Sql::open(&url).await;
    let owner = owner.texts("SELECT current_user::text").await.remove(0);

    let to_the_owner = program.refused(&format!("migrate grant {owner}")).await;
    assert!(
        to_the_owner.contains("all rights of the owner"),
        "{to_the_owner}"
    );
    let to_nobody = program.refused("migrate grant nobody-there").await;
    assert!(to_nobody.contains("does not exist"), "{to_nobody}");
    program.ok("migrate down --yes", "").await;
    let too_early = program.refused(&format!("migrate grant {role}")).await;
    assert!(too_early.contains("atoll migrate up"), "{too_early}");
}
