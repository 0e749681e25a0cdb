//! A text that stands in a deleted row only must appear in no answer of any route.
mod logs;
mod world;

use std::collections::BTreeSet;

use service::registry;
use tests::{Client, Reply};

use world::{World, questions};

/// No other text contains it.
const CANARY: &str = "kanarienvogel";

/// A link repeats the question, which does not count.
fn sings(path: &str, reply: &Reply) -> bool {
    let mut headers = format!("{:?}", reply.headers).to_lowercase();
    if path.contains(CANARY) {
        headers = headers.replace(&format!("={CANARY}"), "");
    }
    reply.text.to_lowercase().contains(CANARY) || headers.contains(CANARY)
}

/// The questions whose answer has the canary in it.
async fn heard(client: &Client, questions: &BTreeSet<String>) -> BTreeSet<String> {
    let mut heard = BTreeSet::new();
    for path in questions {
        let reply = client.get(path).await;
        assert!(reply.status < 500, "{path}: {}", reply.text);
        if sings(path, &reply) {
            heard.insert(path.clone());
        }
    }
    heard
}

/// A test for each table, because one test for all of them takes too long.
const SWEPT: [&str; 4] = ["users", "posts", "comments", "roles"];

#[actix_web::test]
async fn a_deleted_user_is_in_no_answer() {
    sweep_deleted_row(SWEPT[0]).await;
}

#[actix_web::test]
async fn a_deleted_post_is_in_no_answer() {
    sweep_deleted_row(SWEPT[1]).await;
}

#[actix_web::test]
async fn a_deleted_comment_is_in_no_answer() {
    sweep_deleted_row(SWEPT[2]).await;
}

#[actix_web::test]
async fn a_deleted_role_is_in_no_answer() {
    sweep_deleted_row(SWEPT[3]).await;
}

#[test]
fn the_deleted_rows_of_every_table_are_swept() {
    let tables: BTreeSet<_> = registry().tables().iter().map(|table| table.name).collect();

    assert_eq!(
        BTreeSet::from(SWEPT),
        tables,
        "add a test for the new table above"
    );
}

async fn sweep_deleted_row(table: &str) {
    let world = World::new().await;
    let watchers = world.watchers().await;
    let row = world.row(table).await;
    let questions = questions(&world, &row);
    let url = format!("/{}/{}", row.resource, row.id);
    let before = heard(&world.root, &questions).await;
    assert!(before.contains(&url), "{url} is seen while it is there");
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
        "{url} is back"
    );
    world.root.delete(&url).await.expect_status(204);
    world
        .root
        .act(format!("{url}/purge"))
        .await
        .expect_status(204);
}

#[actix_web::test]
async fn a_purged_row_is_in_no_answer_at_all() {
    let world = World::new().await;
    for table in registry().tables() {
        let row = world.row(table.name).await;
        let questions = questions(&world, &row);
        let url = format!("/{}/{}", row.resource, row.id);
        world.root.delete(&url).await.expect_status(204);

        world
            .root
            .act(format!("{url}/purge"))
            .await
            .expect_status(204);

        let heard = heard(&world.root, &questions).await;
        assert!(heard.is_empty(), "{heard:?}");
    }
}

/// What is private of a row never leaves the server, whoever asks.
#[actix_web::test]
async fn no_answer_has_a_secret_or_a_column_that_is_the_services_own() {
    let world = World::new().await;
    let clients = [world.app.anonymous(), world.ada.clone(), world.root.clone()];
    let secrets = [
        "argon2",
        "password",
        "token",
        "_key",
        "deletion_id",
        "session_id",
    ];

    for table in registry().tables() {
        let row = world.row(table.name).await;
        for path in questions(&world, &row) {
            for client in &clients {
                let reply = client.get(&path).await;

                let is_failure = reply.status >= 400;
                for secret in secrets {
                    // A problem may tell how to send a token.
                    let fine = is_failure && secret == "token";
                    assert!(
                        fine || !reply.text.contains(secret),
                        "{path}: {secret} in {}",
                        reply.text
                    );
                }
                if !client.token().is_empty() {
                    assert!(!reply.text.contains(client.token()), "{path}");
                }
            }
        }
        let url = format!("/{}/{}", row.resource, row.id);
        world.root.delete(url).await.expect_status(204);
    }
}

#[actix_web::test]
async fn an_email_is_seen_by_its_owner_and_by_those_who_may_read_users() {
    let world = World::new().await;
    let row = world.row("users").await;
    let questions = questions(&world, &row);
    let email = format!("{CANARY}@example.org");

    for (name, watcher) in world.watchers().await {
        let mut sees = false;
        for path in &questions {
            sees |= watcher.get(path).await.text.contains(&email);
        }
        assert_eq!(sees, matches!(name, "reader" | "keeper"), "{name}");
    }
}
