//! Following the pages of a list in any order and direction shows every row exactly once.
mod empty;
mod hidden;
mod meaning;
mod random;

use kernel::{Actor, Error, ReadOperations, query::ListQuery};
use service::{Posts, registry};
use tests::{Client, Service, TestApp};

async fn fill(ada: &Client, count: usize) {
    for title in ["Alpha", "beta", "Gamma", "Ölpha", "Alpha"]
        .iter()
        .take(count)
    {
        ada.publish(title).await;
    }
}

#[actix_web::test]
async fn a_cursor_is_valid_for_its_own_list_only() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    fill(&ada, 5).await;
    let page = ada
        .get("/posts?limit=2&sort=title&author_id=1")
        .await
        .expect_status(200);
    let next = page.body["page"]["next"].as_str().unwrap().to_owned();
    let mut altered = next.clone().into_bytes();
    altered[30] = if altered[30] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();

    for refused in [
        format!("/posts?limit=2&sort=-title&author_id=1&cursor={next}"),
        format!("/posts?limit=2&sort=title&cursor={next}"),
        format!("/posts?limit=2&sort=title&author_id=1&deleted=include&cursor={next}"),
        format!("/comments?limit=2&sort=id&author_id=1&cursor={next}"),
        format!("/users/1/posts?limit=2&sort=title&author_id=1&cursor={next}"),
        format!("/posts?limit=2&sort=title&author_id=1&cursor={altered}"),
        "/posts?cursor=".to_owned(),
        "/posts?cursor=eyJ9".to_owned(),
    ] {
        ada.get(&refused)
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("cursor");
    }
    let both = format!("/posts?limit=2&sort=title&author_id=1&offset=2&cursor={next}");
    ada.get(&both)
        .await
        .expect_problem(400, "malformed_request")
        .expect_error_at("offset");
    let other_page_size =
        format!("/posts?limit=3&count=exact&author_id=1&sort=title&cursor={next}");
    assert_eq!(
        ada.get(&other_page_size)
            .await
            .expect_status(200)
            .ids()
            .len(),
        3
    );
}

#[actix_web::test]
async fn links_lead_to_the_pages_of_the_cursors() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    fill(&ada, 3).await;

    let first = ada
        .get("/posts?limit=2&sort=title&title[contains]=a")
        .await
        .expect_status(200);
    let link = first.header("link").to_owned();

    let next = link.split('<').nth(1).unwrap().split('>').next().unwrap();
    assert!(
        link.contains("rel=\"next\"") && link.contains("rel=\"first\"") && !link.contains("prev"),
        "{link}"
    );
    let second = ada.get(next).await.expect_status(200);
    assert!(second.header("link").contains("rel=\"prev\""));
    assert_eq!(second.ids().len(), 1);
}

/// `server.secret`, where the operator sets one.
#[actix_web::test]
async fn a_cursor_is_valid_on_every_node_with_the_same_secret() {
    let service = Service::new().await;
    let ada = service.user("ada").await;
    for title in ["One", "Two"] {
        service.post(ada, title).await;
    }
    let node = |secret: &str| {
        let mut kernel = service.kernel.clone();
        kernel.database = kernel.database.with_secret(&secret.repeat(32).into());
        kernel.session(Actor::System)
    };
    let first = ListQuery::<Posts>::parse([("limit", "1")], registry()).unwrap();
    let cursor = Posts::list(&node("a"), &first).await.unwrap().next.unwrap();
    let next =
        ListQuery::<Posts>::parse([("limit", "1"), ("cursor", &cursor)], registry()).unwrap();

    assert_eq!(Posts::list(&node("a"), &next).await.unwrap().rows.len(), 1);
    for other in [node("b"), service.session()] {
        let refused = Posts::list(&other, &next).await;
        assert!(matches!(refused, Err(Error::Query(_))));
    }
}
