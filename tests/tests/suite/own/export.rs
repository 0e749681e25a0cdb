//! `GET /auth/me/export`
use std::io::{Cursor, Read};

use reqwest::Method;
use serde_json::Value;
use service::registry;
use tests::{Client, TestApp, json, sql};
use zip::ZipArchive;

type Archive = ZipArchive<Cursor<Vec<u8>>>;

async fn export(client: &Client) -> Archive {
    let request = client.request(Method::GET, "/auth/me/export");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    ZipArchive::new(Cursor::new(response.bytes().await.unwrap().to_vec())).unwrap()
}

fn text(archive: &mut Archive, name: &str) -> String {
    let mut text = String::new();
    let mut file = archive.by_name(name).unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

fn names(archive: &Archive) -> Vec<String> {
    let names = archive.file_names();
    names.map(|name| name.unwrap().into_owned()).collect()
}

fn lines(archive: &mut Archive, name: &str) -> Vec<Value> {
    let text = text(archive, name);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn column(rows: &[Value], name: &str) -> Vec<String> {
    let text = |row: &Value| row[name].as_str().unwrap().to_owned();
    let mut texts: Vec<_> = rows.iter().map(text).collect();
    texts.sort_unstable();
    texts
}

#[actix_web::test]
async fn an_archive_has_all_data_of_the_caller_and_no_other() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let draft = json!({ "title": "Draft", "content": "…" });
    ada.post("/posts", draft).await.expect_status(201);
    let (hers, gone) = (ada.publish("Hers").await, ada.publish("Gone").await);
    let (his, moderated) = (bob.publish("His").await, ada.publish("Moderated").await);
    ada.comment(his.id(), "by ada").await;
    bob.comment(hers.id(), "by bob").await;
    ada.delete(gone.url()).await.expect_status(204);
    let root = app.superuser("root").await;
    root.delete(moderated.url()).await.expect_status(204);
    root.patch(format!("/users/{}", ada.id), json!({ "bio": "of root" }))
        .await
        .expect_status(200);

    let mut archive = export(&ada).await;

    let profile = lines(&mut archive, "profile.ndjson");
    assert_eq!(profile.len(), 1);
    assert_eq!(profile[0]["email"], "ada@example.org");
    assert_eq!(profile[0]["roles"], json!(["member"]));
    assert_eq!(profile[0]["bio"], "of root");
    let posts = lines(&mut archive, "posts.ndjson");
    assert_eq!(column(&posts, "title"), ["Draft", "Gone", "Hers"]);
    assert!(posts.iter().all(|post| post["content"].is_string()));
    let comments = lines(&mut archive, "comments.ndjson");
    assert_eq!(column(&comments, "body"), ["by ada"]);
    let account = lines(&mut archive, "history_of_account.ndjson");
    assert_eq!(
        column(&account, "action"),
        ["created", "signed_in", "updated"]
    );
    assert!(
        account
            .iter()
            .any(|entry| entry["changes"]["bio"]["to"] == "of root")
    );
    let done = lines(&mut archive, "done_by_account.ndjson");
    assert_eq!(
        column(&done, "action"),
        [
            "created", "created", "created", "created", "created", "deleted"
        ]
    );
    let sessions = lines(&mut archive, "sessions.ndjson");
    assert_eq!(sessions.len(), 1);
    for none in ["api_keys.ndjson", "mails.ndjson", "tokens.ndjson"] {
        assert_eq!(text(&mut archive, none), "");
    }
}

/// The plain tables with rows of a user that have no file, and why.
const WITHOUT_FILE: [(&str, &str); 7] = [
    ("user_roles", "the roles are in the profile"),
    (
        "totp_secrets",
        "the time is in the profile; the rest is secret",
    ),
    ("recovery_codes", "hashes of secrets"),
    ("verified_emails", "the time is in the profile"),
    ("last_logins", "the time is in the profile"),
    (
        "idempotency_keys",
        "answers that were given, removed after a day",
    ),
    ("written_bytes", "a count of bytes"),
];

#[actix_web::test]
async fn it_has_a_file_for_each_table_with_rows_of_users() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let names = names(&export(&ada).await);

    for table in registry().tables() {
        let is_owned = table.rules.author().is_some();
        assert!(
            !is_owned || names.contains(&format!("{}.ndjson", table.name)),
            "the export of personal data lacks {}: mount `resource::<…>()` of it in api/src/content/mod.rs",
            table.name
        );
    }
    for (linked, ..) in &registry().table("users").unwrap().links {
        let file = if *linked == "one_time_tokens" {
            "tokens"
        } else {
            *linked
        };
        assert!(
            names.contains(&format!("{file}.ndjson"))
                || WITHOUT_FILE.iter().any(|(table, _)| table == linked),
            "the export of personal data lacks {linked}: add a file in api/src/personal_data/parts.rs, or say here why it has none"
        );
    }
}

#[actix_web::test]
async fn an_archive_is_a_file_that_is_not_cached() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let request = ada.request(Method::GET, "/auth/me/export");
    let response = request.send().await.unwrap();

    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/zip");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"atoll-export.zip\""
    );
}

#[actix_web::test]
async fn an_archive_has_more_rows_than_a_page() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    ada.publish("Hello").await;
    let double = "INSERT INTO posts (created_at, updated_at, version, title, slug, content, status, author_id) \
        SELECT created_at, updated_at, 1, title, 's' || (id + (SELECT max(id) FROM posts)), content, status, author_id FROM posts";
    for _ in 0..11 {
        sql::run(&app.kernel, double).await;
    }

    let mut archive = export(&ada).await;

    assert_eq!(lines(&mut archive, "posts.ndjson").len(), 2_048);
}

/// The archive does not contain what others wrote, even if the caller changed it.
#[actix_web::test]
async fn an_archive_has_the_acts_of_a_moderator_without_the_rows_of_others() {
    let app = TestApp::new().await;
    let (bob, editor) = (app.member("bob").await, app.editor("editor").await);
    let post = bob.publish("Confidential").await;
    let patch = json!({ "summary": "short" });
    editor.patch(post.url(), patch).await.expect_status(200);

    let mut archive = export(&editor).await;

    let done = lines(&mut archive, "done_by_account.ndjson");
    assert_eq!(column(&done, "action"), ["updated"]);
    for name in names(&archive) {
        let text = text(&mut archive, &name);
        assert!(
            !text.contains("Confidential") && !text.contains("short"),
            "{name}: {text}"
        );
    }
}

#[actix_web::test]
async fn an_export_of_the_account_contains_no_hash() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let plain = |table: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO {table} (user_id, {columns}) SELECT id, {values} FROM users WHERE username = 'ada'"
        )
    };
    let hash = if app.backend.is_postgres() {
        "'canary'::bytea"
    } else {
        "CAST('canary' AS BLOB)"
    };
    let (now, later) = ("created_at", "created_at");
    for insert in [
        plain(
            "api_keys",
            "name, prefix, key_hash, scopes, created_at",
            &format!("'key', 'atoll_ab', {hash}, '[\"posts.read\"]', {now}"),
        ),
        plain(
            "mails",
            "recipient, template, data, attempts, created_at, next_attempt_at",
            &format!("email, 'reset', '{{\"token\":\"canary\"}}', 0, {now}, {later}"),
        ),
        plain(
            "one_time_tokens",
            "purpose, token_hash, email, created_at, expires_at",
            &format!("'reset', {hash}, email, {now}, {later}"),
        ),
        plain(
            "totp_secrets",
            "secret, created_at, confirmed_at",
            &format!("{hash}, {now}, {now}"),
        ),
        // An operator created the account, so its address is not verified.
        "UPDATE verified_emails SET is_proven = true".to_owned(),
    ] {
        sql::run(&app.kernel, &insert).await;
    }

    let mut archive = export(&ada).await;

    assert_eq!(
        lines(&mut archive, "api_keys.ndjson")[0]["scopes"],
        json!(["posts.read"])
    );
    assert_eq!(
        lines(&mut archive, "mails.ndjson")[0]["recipient"],
        "ada@example.org"
    );
    assert_eq!(lines(&mut archive, "tokens.ndjson")[0]["purpose"], "reset");
    let profile = lines(&mut archive, "profile.ndjson");
    assert!(
        profile[0]["totp_enabled_at"].is_string() && profile[0]["email_verified_at"].is_string()
    );
    for name in names(&archive) {
        let text = text(&mut archive, &name);
        assert!(
            !text.contains("canary") && !text.contains("argon2") && !text.contains("hash"),
            "{name}: {text}"
        );
    }
}
