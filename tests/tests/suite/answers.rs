//! The size of answers: pages stay within their budget and miss no row, and a request that cannot is refused.
mod history;
mod includes;
mod sorts;

use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

/// The bytes of an answer without its rows.
const FRAME: usize = 1_024;

/// Starts a server whose answers have at most this many bytes.
async fn limited(bytes: u64) -> TestApp {
    TestApp::with(|with| with.api.answer_limit = bytes).await
}

/// Publishes a post with this many letters.
async fn post(author: &Client, letters: usize, status: &str) -> i64 {
    let post = json!({ "title": "Same", "content": "x".repeat(letters), "status": status });
    author.post("/posts", post).await.expect_status(201).id()
}

/// Returns a page, and checks that it keeps to the budget unless it has only one row.
async fn page(client: &Client, path: &str, bytes: usize) -> Reply {
    let page = client.get(path).await.expect_status(200);
    let rows = page.ids().len();
    assert!(
        rows == 1 || page.text.len() <= bytes + FRAME,
        "{path}: {} bytes of {rows} rows",
        page.text.len()
    );
    page
}

/// Follows `next` or `prev` to the end, and returns the ids of each page.
async fn walk(client: &Client, list: &str, from: Reply, way: &str, bytes: usize) -> Vec<Vec<i64>> {
    let mut pages = vec![from.ids()];
    let mut cursor = from.body["page"][way].as_str().map(str::to_owned);
    while let Some(place) = cursor {
        assert!(pages.len() < 100, "a walk must end: {pages:?}");
        let next = page(client, &format!("{list}&cursor={place}"), bytes).await;
        let link = next.headers.get("link").unwrap().to_str().unwrap();
        let to = next.body["page"][way].as_str();
        assert_eq!(
            link.contains(&format!("rel=\"{way}\"")),
            to.is_some(),
            "{link}"
        );
        pages.push(next.ids());
        cursor = to.map(str::to_owned);
    }
    pages
}

/// Returns every row of a list from a server without a limit.
async fn whole(client: &Client, sort: &str) -> Vec<i64> {
    let path = format!("/posts?sort={sort}&limit=100&fields=id");
    client.get(path).await.expect_status(200).ids()
}

#[actix_web::test]
async fn pages_within_the_budget_have_every_row_once_both_ways() {
    let bytes = 20_000;
    let app = limited(bytes as u64).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let editor = app.editor("editor").await;
    let letters = [
        100, 9_000, 100, 9_000, 9_000, 30_000, 100, 19_600, 300, 300, 50_000, 5_000, 5_000, 5_000,
    ];
    for (number, letters) in letters.into_iter().enumerate() {
        let author = if number % 3 == 0 { &bob } else { &ada };
        let status = if number % 2 == 0 {
            "published"
        } else {
            "draft"
        };
        post(author, letters, status).await;
    }

    for client in [&ada, &editor, &app.anonymous()] {
        for sort in ["id", "-id", "title,-created_at", "-status,id", "summary"] {
            let expected = whole(client, sort).await;
            for limit in [2, 100] {
                let list = format!("/posts?sort={sort}&limit={limit}");
                let first = page(client, &list, bytes).await;
                assert_eq!(first.body["page"]["prev"], Value::Null);

                let forwards = walk(client, &list, first, "next", bytes).await;

                assert_eq!(forwards.concat(), expected, "{list}: {forwards:?}");
                assert!(limit == 2 || forwards.len() > 2, "{list}: {forwards:?}");
                // From the end: a cursor to what precedes the last row.
                let end = format!("{list}&fields=id&offset={}", expected.len() - 1);
                let end = client.get(end).await.expect_status(200);
                let mut backwards = walk(client, &list, end, "prev", bytes).await;
                backwards.reverse();
                assert_eq!(backwards.concat(), expected, "{list}: {backwards:?}");
            }
        }
    }
}

/// A page that is cut shows the rows next to its cursor.
#[actix_web::test]
async fn a_page_that_is_cut_on_the_way_back_ends_at_its_cursor() {
    let app = limited(20_000).await;
    let ada = app.member("ada").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(post(&ada, 8_000, "published").await);
    }
    let end = ada.get("/posts?sort=id&fields=id&offset=5").await;
    let prev = end.body["page"]["prev"].as_str().unwrap();

    let cut = ada.get(format!("/posts?sort=id&cursor={prev}")).await;

    assert_eq!(cut.ids(), ids[3..5]);
    assert!(cut.body["page"]["prev"].is_string() && cut.body["page"]["next"].is_string());
}

#[actix_web::test]
async fn a_page_that_no_cursor_continues_is_refused_when_it_is_too_large() {
    let app = limited(20_000).await;
    let ada = app.member("ada").await;
    for _ in 0..5 {
        post(&ada, 8_000, "published").await;
    }

    for path in ["/posts?offset=1", "/posts?q=same", "/posts?q=same&offset=1"] {
        let refused = ada.get(path).await.expect_problem(400, "answer_too_large");
        assert_eq!(refused.places(), ["fields", "limit"], "{path}");
        ada.get(format!("{path}&limit=2")).await.expect_status(200);
        ada.get(format!("{path}&fields=title"))
            .await
            .expect_status(200);
    }
    assert_eq!(ada.get("/posts?q=same&sort=id").await.ids().len(), 2);
}

#[actix_web::test]
async fn a_single_row_is_always_answered() {
    let app = limited(1_000).await;
    let ada = app.member("ada").await;
    let id = post(&ada, 100_000, "published").await;

    let row = ada.get(format!("/posts/{id}?include=author")).await;
    let list = ada.get("/posts").await.expect_status(200);
    let skipped = ada.get("/posts?q=same&limit=1").await;

    let content = row.expect_status(200).body["content"]
        .as_str()
        .unwrap()
        .len();
    assert_eq!(content, 100_000);
    assert_eq!(list.ids(), [id]);
    assert_eq!(skipped.expect_status(200).ids(), [id]);
}

/// A text that is longer in JSON than in the database counts with its length in JSON.
#[actix_web::test]
async fn escape_sequences_count_towards_the_size_of_an_answer() {
    let app = limited(20_000).await;
    let ada = app.member("ada").await;
    for _ in 0..5 {
        let content = "\u{1}".repeat(3_000);
        let post = json!({ "title": "Same", "content": content, "status": "published" });
        ada.post("/posts", post).await.expect_status(201);
    }

    let page = page(&ada, "/posts", 20_000).await;

    assert_eq!(page.ids().len(), 1);
    assert!(page.body["page"]["next"].is_string());
}

/// Large texts are measured before they are read. A page of ordinary texts is one statement.
#[actix_web::test]
async fn only_large_rows_cost_a_second_statement() {
    let app = limited(20_000).await;
    let ada = app.member("ada").await;
    let nobody = app.anonymous();
    for _ in 0..5 {
        post(&ada, 100, "published").await;
    }

    for (letters, statements) in [(100, 1), (15_000, 2)] {
        post(&ada, letters, "published").await;
        app.statements.take();
        nobody.get("/posts").await.expect_status(200);
        let taken = app.statements.take();
        assert_eq!(taken.len(), statements, "{taken:#?}");
    }
}

#[actix_web::test]
async fn an_export_has_every_row_whatever_their_size() {
    let app = limited(5_000).await;
    let ada = app.member("ada").await;
    let letters = [100, 4_000, 100, 20_000, 3_000, 3_000, 100, 100];
    for letters in letters {
        post(&ada, letters, "published").await;
    }

    let export = ada.get("/posts/export?sort=id").await.expect_status(200);

    let found = export.text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["content"].as_str().unwrap().len()
    });
    assert_eq!(found.collect::<Vec<_>>(), letters);
}
