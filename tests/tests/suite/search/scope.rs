//! A search finds what a list would show, and nothing else.
use service::registry;
use tests::{Client, TestApp, json};

use super::{find, post, url};

#[actix_web::test]
async fn a_draft_is_found_by_those_who_may_see_it() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let editor = app.editor("editor").await;
    let draft = json!({ "title": "Secret plan", "content": "…" });
    let draft = ada.post("/posts", draft).await.expect_status(201).id();

    for client in [&app.anonymous(), &bob] {
        for more in ["", "&sort=id", "&deleted=include", "&status=draft"] {
            let none = client
                .get(url("posts", "secret") + "&count=exact" + more)
                .await;
            assert!(none.ids().is_empty(), "{more}");
            assert_eq!(none.body["page"]["total"], 0, "{more}");
        }
    }
    for client in [&ada, &editor] {
        assert_eq!(find(client, "posts", "secret").await, [draft]);
    }
}

#[actix_web::test]
async fn a_deleted_post_is_found_only_by_those_who_may_restore_it() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let gone = post(&ada, "Comet", "", "…").await;
    let live = post(&ada, "Comet", "", "…").await;
    let gone_url = format!("/posts/{gone}");
    ada.delete(&gone_url).await.expect_status(204);

    let trash = async |client: &Client, deleted: &str| {
        let path = url("posts", "comet") + "&sort=id&deleted=" + deleted;
        client.get(path).await.expect_status(200).ids()
    };
    assert_eq!(find(&ada, "posts", "comet").await, [live]);
    assert_eq!(trash(&ada, "only").await, [gone]);
    assert_eq!(trash(&ada, "include").await, [gone, live]);
    assert!(trash(&bob, "only").await.is_empty());
    assert_eq!(trash(&bob, "include").await, [live]);

    ada.act(format!("{gone_url}/restore"))
        .await
        .expect_status(200);
    assert_eq!(find(&bob, "posts", "comet").await, [live, gone]);
}

#[actix_web::test]
async fn private_fields_of_a_user_are_not_searched() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let email = json!({ "email": "countess@example.org" });
    root.patch(format!("/users/{}", ada.id), email)
        .await
        .expect_status(200);

    for client in [&root, &ada, &app.anonymous()] {
        for q in ["countess", "countess@example.org", "example"] {
            assert!(find(client, "users", q).await.is_empty(), "{q}");
        }
    }
}

/// Finding a row by the content of a column is reading it.
#[actix_web::test]
async fn searched_fields_are_public() {
    let app = TestApp::new().await;
    app.member("ada").await.publish("Hello").await;
    let mut seen = 0;

    for table in registry().tables() {
        for column in &table.search {
            seen += 1;
            let page = app.anonymous().get(format!("/{}", table.name)).await;
            let row = &page.body["data"][0];
            assert!(row.get(column).is_some(), "{}.{column}", table.name);
        }
    }

    assert_eq!(seen, 5);
}

#[actix_web::test]
async fn a_search_can_be_combined_with_all_parameters_of_a_list() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let hers = post(&ada, "Comet one", "", "long").await;
    let his = post(&bob, "Comet two", "", "long").await;
    post(&bob, "Planet", "", "long").await;

    let filtered = async |more: &str| {
        let path = url("posts", "comet") + more;
        ada.get(path).await.expect_status(200).ids()
    };
    assert_eq!(filtered("&title=Comet+one").await, [hers]);
    assert_eq!(filtered("&author.username=bob").await, [his]);
    assert_eq!(filtered("&status=draft").await, [0; 0]);
    let theirs = url(&format!("users/{}/posts", bob.id), "comet");
    assert_eq!(ada.get(theirs).await.ids(), [his]);

    let path = url("posts", "two") + "&fields=title&include=author,comments&count=exact";
    let page = ada.get(path).await.expect_status(200);
    let row = &page.body["data"][0];
    assert_eq!(page.body["page"]["total"], 1);
    assert_eq!(row["author"]["username"], "bob");
    assert_eq!(row["title"], "Comet two");
    assert_eq!(row.get("content"), None);
}
