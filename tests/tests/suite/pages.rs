//! Turning pages: on any order, forwards and backwards, nothing is missing and nothing comes twice.
use std::collections::HashSet;

use tests::{Client, TestApp, json};

const SORTS: [&str; 8] = [
    "-id",
    "id",
    "title",
    "-created_at",
    "summary",
    "-summary,title",
    "status,-title,summary",
    "-published_at,summary,-title",
];

/// Few different values, NULLs among them, in an order that looks random and is the same each time.
async fn fill(ada: &Client, count: u64) {
    for i in 0..count {
        let draw = i.wrapping_mul(2_654_435_761) >> 3;
        let summary =
            [json!(null), json!("a"), json!("B"), json!("é")][(draw % 4) as usize].clone();
        let status = ["draft", "published", "archived"][(draw / 4 % 3) as usize];
        let title = ["Alpha", "beta", "Gamma", "Ölpha"][(draw / 16 % 4) as usize];
        let post = json!({ "title": title, "content": "…", "summary": summary, "status": status });
        ada.post("/posts", post).await.expect_status(201);
    }
}

async fn walk(client: &Client, sort: &str, limit: usize) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut path = format!("/posts?sort={sort}&limit={limit}");
    loop {
        let page = client.get(&path).await.expect_status(200);
        pages.push(page.ids());
        assert!(pages.len() < 100, "a walk must end");
        match page.body["page"]["next"].as_str() {
            Some(next) => path = format!("/posts?sort={sort}&limit={limit}&cursor={next}"),
            None => return pages,
        }
    }
}

#[actix_web::test]
async fn pages_of_any_order_make_the_whole_list() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    fill(&ada, 47).await;

    for sort in SORTS {
        let whole = ada.get(format!("/posts?sort={sort}&limit=100")).await.ids();
        for limit in [1, 7, 46, 47, 48] {
            assert_eq!(
                walk(&ada, sort, limit).await.concat(),
                whole,
                "sort={sort}&limit={limit}"
            );
        }
    }
}

#[actix_web::test]
async fn the_way_back_is_the_way_there() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    fill(&ada, 23).await;

    for sort in SORTS {
        let there = walk(&ada, sort, 5).await;
        let whole = there.concat();
        let mut path = format!("/posts?sort={sort}&limit=5&offset=20");
        let mut back = Vec::new();
        loop {
            let page = ada.get(&path).await.expect_status(200);
            back.insert(0, page.ids());
            match page.body["page"]["prev"].as_str() {
                Some(prev) => path = format!("/posts?sort={sort}&limit=5&cursor={prev}"),
                None => break,
            }
        }
        assert_eq!(back.concat(), whole, "sort={sort}");
    }
}

#[actix_web::test]
async fn rows_that_stay_are_seen_once_while_others_come_and_go() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    fill(&ada, 30).await;

    for sort in SORTS {
        let mut stays: HashSet<i64> = ada
            .get("/posts?limit=100")
            .await
            .ids()
            .into_iter()
            .collect();
        let (mut seen, mut path, mut turn) = (Vec::new(), format!("/posts?sort={sort}&limit=4"), 0);
        loop {
            let page = ada.get(&path).await.expect_status(200);
            seen.extend(page.ids());
            fill(&ada, 1).await;
            let gone = page.ids()[turn % page.ids().len()];
            ada.delete(format!("/posts/{gone}"))
                .await
                .expect_status(204);
            stays.remove(&gone);
            turn += 1;
            match page.body["page"]["next"].as_str() {
                Some(next) if turn < 40 => {
                    path = format!("/posts?sort={sort}&limit=4&cursor={next}");
                }
                _ => break,
            }
        }
        let once: HashSet<i64> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "sort={sort}: a row came twice");
        assert!(stays.is_subset(&once), "sort={sort}: a row is missing");
    }
}

#[actix_web::test]
async fn a_cursor_is_good_for_its_own_list_only() {
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
async fn links_lead_where_the_cursors_do() {
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
