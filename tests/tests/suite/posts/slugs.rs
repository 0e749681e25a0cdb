//! Slugs are made from the title or chosen, and two live posts never share one.
use std::collections::HashSet;

use kernel::slug;
use tests::{Client, Reply, TestApp, json};

async fn slug_of_new_post(client: &Client, title: &str) -> String {
    let post = client
        .post("/posts", json!({ "title": title, "content": "…" }))
        .await;
    post.expect_status(201).body["slug"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn post_with_slug(client: &Client, slug: &str) -> Reply {
    client
        .post(
            "/posts",
            json!({ "title": "Title", "content": "…", "slug": slug }),
        )
        .await
}

#[actix_web::test]
async fn a_slug_is_made_from_the_title() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    assert_eq!(
        slug_of_new_post(&ada, "Crème Brûlée: 10 Recipes!").await,
        "creme-brulee-10-recipes"
    );
    assert_eq!(slug_of_new_post(&ada, "--a  --  b--").await, "a-b");
    for nothing in ["!!!", "—", "…"] {
        assert!(
            slug_of_new_post(&ada, nothing).await.starts_with("post"),
            "{nothing}"
        );
    }
}

#[actix_web::test]
async fn a_generated_slug_that_is_taken_gets_four_random_characters() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);

    for (title, plain) in [("Hello", "hello"), ("!", "post")] {
        assert_eq!(slug_of_new_post(&ada, title).await, plain);
        let mut made = HashSet::new();
        for client in [&bob, &ada, &bob] {
            let slug = slug_of_new_post(client, title).await;
            expect_varied(&slug, plain, 4);
            made.insert(slug);
        }
        assert_eq!(made.len(), 3, "{made:?}");
    }
}

/// Four characters may collide again; eight practically cannot.
#[test]
fn a_slug_that_is_taken_again_gets_eight_random_characters() {
    expect_varied(&slug::vary("hello", 1), "hello", 8);
    let (long, dashes) = ("a".repeat(100), "-".repeat(100));
    expect_varied(&slug::vary(&long, 1), &"a".repeat(91), 8);
    expect_varied(&slug::vary(&dashes, 0), "", 4);
}

/// Checks that a slug is `plain` with `-` and this many characters of `[a-z0-9]`.
#[track_caller]
pub fn expect_varied(slug: &str, plain: &str, length: usize) {
    let suffix = slug
        .strip_prefix(plain)
        .and_then(|rest| rest.strip_prefix('-'))
        .unwrap_or_else(|| panic!("{slug} does not begin with {plain}-"));
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    assert_eq!(suffix.len(), length, "{slug}");
    assert!(suffix.chars().all(is_plain), "{slug}");
}

#[actix_web::test]
async fn many_posts_with_one_title_get_different_slugs() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let mut made = HashSet::new();
    for _ in 0..40 {
        made.insert(slug_of_new_post(&ada, "Same").await);
    }

    assert_eq!(made.len(), 40, "{made:?}");
}

#[actix_web::test]
async fn a_generated_slug_has_at_most_100_characters_with_its_suffix() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let long = "a".repeat(255);
    let cut_at_a_dash = format!("{} {}", "b".repeat(99), "c".repeat(99));

    assert_eq!(slug_of_new_post(&ada, &long).await, "a".repeat(100));
    expect_varied(&slug_of_new_post(&ada, &long).await, &"a".repeat(95), 4);
    assert_eq!(slug_of_new_post(&ada, &cut_at_a_dash).await, "b".repeat(99));
    expect_varied(
        &slug_of_new_post(&ada, &cut_at_a_dash).await,
        &"b".repeat(95),
        4,
    );
}

#[actix_web::test]
async fn a_slug_does_not_change_with_the_title() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    let renamed = ada
        .patch(post.url(), json!({ "title": "Goodbye" }))
        .await
        .expect_status(200);

    assert_eq!(renamed.body["slug"], "hello");
}

#[actix_web::test]
async fn a_chosen_slug_that_is_taken_is_409() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    let other = bob.publish("Other").await;

    let created = post_with_slug(&bob, "hello").await;
    let patched = bob.patch(other.url(), json!({ "slug": "hello" })).await;

    created
        .expect_problem(409, "conflict")
        .expect_error_at("/slug");
    patched
        .expect_problem(409, "conflict")
        .expect_error_at("/slug");
    let own = ada.patch(post.url(), json!({ "slug": "hello" })).await;
    assert_eq!(own.expect_status(200).body["version"], 1);
}

#[actix_web::test]
async fn a_chosen_slug_is_used_unchanged_or_refused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let long = "a".repeat(101);

    for fine in ["a", "0", "a-b-2", "-"] {
        let post = post_with_slug(&ada, fine).await.expect_status(201);
        assert_eq!(post.body["slug"], fine);
    }
    for bad in [
        "", " ", "A", "a b", " a", "a\n", "ä", "a_b", "a/b", "a.b", &long,
    ] {
        post_with_slug(&ada, bad)
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/slug");
    }
}

#[actix_web::test]
async fn a_slug_is_free_again_once_its_post_is_deleted() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    ada.delete(post.url()).await.expect_status(204);

    assert_eq!(slug_of_new_post(&bob, "Hello").await, "hello");
}
