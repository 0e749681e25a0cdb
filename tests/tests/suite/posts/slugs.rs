//! Slugs are made from the title or chosen, and two live posts never share one.
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
async fn a_generated_slug_that_is_taken_is_numbered() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    post_with_slug(&ada, "hello-3").await.expect_status(201);

    let mut made = Vec::new();
    for client in [&ada, &bob, &ada, &bob] {
        made.push(slug_of_new_post(client, "Hello").await);
    }

    assert_eq!(made, ["hello", "hello-2", "hello-4", "hello-5"]);
    let mut empty = Vec::new();
    for _ in 0..3 {
        empty.push(slug_of_new_post(&ada, "!").await);
    }
    assert_eq!(empty, ["post", "post-2", "post-3"]);
}

#[actix_web::test]
async fn many_posts_with_one_title_get_different_slugs() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let mut made = std::collections::HashSet::new();
    for _ in 0..40 {
        made.insert(slug_of_new_post(&ada, "Same").await);
    }

    assert_eq!(made.len(), 40);
    assert!(
        made.contains("same") && made.contains("same-40"),
        "{made:?}"
    );
}

#[actix_web::test]
async fn a_generated_slug_has_at_most_100_characters_with_its_number() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let long = "a".repeat(255);
    let cut_at_a_dash = format!("{} {}", "b".repeat(99), "c".repeat(99));

    assert_eq!(slug_of_new_post(&ada, &long).await, "a".repeat(100));
    assert_eq!(
        slug_of_new_post(&ada, &long).await,
        format!("{}-2", "a".repeat(98))
    );
    assert_eq!(slug_of_new_post(&ada, &cut_at_a_dash).await, "b".repeat(99));
    assert_eq!(
        slug_of_new_post(&ada, &cut_at_a_dash).await,
        format!("{}-2", "b".repeat(98))
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
