//! No answer of any route contains a text that only a deleted row has.
mod logs;
mod world;

use std::collections::BTreeSet;

use service::registry;
use tests::{Client, Reply};

use world::{Row, World, questions};

/// No other text contains it.
const CANARY: &str = "kanarienvogel";

/// Returns true if an answer contains the canary. A link repeats the question, which does not count.
fn has_canary(path: &str, reply: &Reply) -> bool {
    let mut headers = format!("{:?}", reply.headers).to_lowercase();
    if path.contains(CANARY) {
        headers = headers.replace(&format!("={CANARY}"), "");
    }
    reply.text.to_lowercase().contains(CANARY) || headers.contains(CANARY)
}

/// Texts that no answer contains.
const SECRETS: [&str; 6] = [
    "argon2",
    "password",
    "token",
    "_key",
    "deletion_id",
    "session_id",
];

/// Returns the answer to a question, without a failure of the server, and without a secret or an internal column.
async fn answer(client: &Client, path: &str) -> Reply {
    let reply = client.get(path).await;
    assert!(reply.status < 500, "{path}: {}", reply.text);
    for secret in SECRETS {
        // A problem may tell how to send a token.
        let is_told = reply.status >= 400 && secret == "token";
        // The field of a new user has this name.
        let is_allowed = is_told || (path == "/meta" && secret == "password");
        assert!(
            is_allowed || !reply.text.contains(secret),
            "{path}: {secret} in {}",
            reply.text
        );
    }
    let has_token = !client.token().is_empty() && reply.text.contains(client.token());
    assert!(!has_token, "{path}: {}", reply.text);
    reply
}

/// Returns the questions whose answer contains the canary.
async fn heard(client: &Client, questions: &BTreeSet<String>) -> BTreeSet<String> {
    let mut heard = BTreeSet::new();
    for path in questions {
        if has_canary(path, &answer(client, path).await) {
            heard.insert(path.clone());
        }
    }
    heard
}

/// The questions about a row that a superuser gets an answer to, and those of them whose answer contains the canary. The others are
/// malformed: they are refused before the caller is looked up (contract §1), so one refusal stands for all callers.
async fn first_round(world: &World, row: &Row) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut answered, mut heard) = (BTreeSet::new(), BTreeSet::new());
    for path in questions(world, row) {
        let reply = answer(&world.root, &path).await;
        let has_canary = has_canary(&path, &reply);
        if reply.status == 400 {
            assert!(!has_canary, "{path}: {}", reply.text);
            continue;
        }
        if has_canary {
            heard.insert(path.clone());
        }
        answered.insert(path);
    }
    (answered, heard)
}

/// The tables that have tests of their own, because one test for all of them takes too long.
const SWEPT: [&str; 4] = ["users", "posts", "comments", "roles"];

#[actix_web::test]
async fn a_deleted_user_is_in_no_answer() {
    sweep_deleted_row("users").await;
}

#[actix_web::test]
async fn a_deleted_post_is_in_no_answer() {
    sweep_deleted_row("posts").await;
}

#[actix_web::test]
async fn a_deleted_comment_is_in_no_answer() {
    sweep_deleted_row("comments").await;
}

#[actix_web::test]
async fn a_deleted_role_is_in_no_answer() {
    sweep_deleted_row("roles").await;
}

#[actix_web::test]
async fn a_purged_user_is_in_no_answer_at_all() {
    sweep_purged_row("users").await;
}

#[actix_web::test]
async fn a_purged_post_is_in_no_answer_at_all() {
    sweep_purged_row("posts").await;
}

#[actix_web::test]
async fn a_purged_comment_is_in_no_answer_at_all() {
    sweep_purged_row("comments").await;
}

#[actix_web::test]
async fn a_purged_role_is_in_no_answer_at_all() {
    sweep_purged_row("roles").await;
}

#[actix_web::test]
async fn no_answer_about_a_user_has_a_secret_or_an_internal_column() {
    sweep_secrets("users").await;
}

#[actix_web::test]
async fn no_answer_about_a_post_has_a_secret_or_an_internal_column() {
    sweep_secrets("posts").await;
}

#[actix_web::test]
async fn no_answer_about_a_comment_has_a_secret_or_an_internal_column() {
    sweep_secrets("comments").await;
}

#[actix_web::test]
async fn no_answer_about_a_role_has_a_secret_or_an_internal_column() {
    sweep_secrets("roles").await;
}

#[actix_web::test]
async fn a_row_of_any_other_table_is_in_no_answer_once_it_is_gone() {
    let tables = registry().tables().iter().map(|table| table.name);
    for table in tables.filter(|table| !SWEPT.contains(table)) {
        sweep_deleted_row(table).await;
        sweep_purged_row(table).await;
        sweep_secrets(table).await;
    }
}

async fn sweep_deleted_row(table: &str) {
    let world = World::new().await;
    let watchers = world.watchers().await;
    let row = world.row(table).await;
    let (questions, before) = first_round(&world, &row).await;
    let url = format!("/{}/{}", row.resource, row.id);
    assert!(before.contains(&url), "{url} is seen before its deletion");
    assert!(before.len() > 5, "{url} is seen in lists too: {before:?}");

    world.root.delete(&url).await.expect_status(204);

    for (name, watcher) in &watchers {
        let heard = heard(watcher, &questions).await;
        assert!(
            heard.is_empty(),
            "{name} still sees a deleted row: {heard:?}"
        );
    }
    let trash = heard(&world.root, &questions).await;
    for path in &trash {
        let asked = path.contains("deleted=include") || path.contains("deleted=only");
        let asked = asked || path.contains("/audit") || path.contains("/history");
        assert!(asked, "{path} shows a deleted row unasked");
    }
    assert!(
        trash.contains(&format!("{url}?deleted=include")),
        "{trash:?}"
    );
    assert!(
        trash.contains(&format!("/{}?deleted=only", row.resource)),
        "{trash:?}"
    );
    let restored = world.root.act(format!("{url}/restore")).await;
    restored.expect_status(200);
    assert_eq!(
        heard(&world.root, &questions).await,
        before,
        "{url} is seen again"
    );
}

async fn sweep_purged_row(table: &str) {
    let world = World::new().await;
    let row = world.row(table).await;
    let questions = questions(&world, &row);
    let url = format!("/{}/{}", row.resource, row.id);
    world.root.delete(&url).await.expect_status(204);

    let purged = world.root.act(format!("{url}/purge")).await;
    purged.expect_status(204);

    let heard = heard(&world.root, &questions).await;
    assert!(heard.is_empty(), "{heard:?}");
}

/// Checks that private columns never leave the server, whoever asks, and who sees the email address of a user.
async fn sweep_secrets(table: &str) {
    let world = World::new().await;
    let row = world.row(table).await;
    let (questions, _) = first_round(&world, &row).await;
    if table != "users" {
        for client in [world.app.anonymous(), world.ada.clone()] {
            heard(&client, &questions).await;
        }
        return;
    }
    let email = format!("{CANARY}@example.org");
    for (name, watcher) in world.watchers().await {
        let mut sees = false;
        for path in &questions {
            sees |= answer(&watcher, path).await.text.contains(&email);
        }
        assert_eq!(sees, matches!(name, "reader" | "keeper"), "{name}");
    }
}
