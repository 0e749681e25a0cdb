//! A page examines a bounded number of rows, however many are hidden from the caller: it may be short or empty, and links to the
//! next.
use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Client, TestApp, json, sql};

/// More than two pages examine.
const HIDDEN: usize = 4_100;

struct World {
    app: TestApp,
    /// The comments that every caller sees, in the order of their ids.
    seen: Vec<i64>,
}

async fn comment(ada: &Client, post: i64) -> i64 {
    let comment = json!({ "post_id": post, "body": "Seen" });
    ada.post("/comments", comment).await.expect_status(201).id()
}

/// Creates five visible comments, many on an archived post, and three more visible ones.
async fn world() -> World {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let (open, closed) = (
        ada.publish("Open").await.id(),
        ada.publish("Closed").await.id(),
    );
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(comment(&ada, open).await);
    }
    let author = app.user("stranger", false, &[]).await;
    sql::run(
        &app.kernel,
        &format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {HIDDEN})
             INSERT INTO comments (post_id, author_id, body, created_at, updated_at, version)
             SELECT {closed}, {author}, 'Hidden', latest.at, latest.at, 1
             FROM n, (SELECT MAX(created_at) AS at FROM comments) AS latest"
        ),
    )
    .await;
    for _ in 0..3 {
        seen.push(comment(&ada, open).await);
    }
    let archived = json!({ "status": "archived" });
    let url = format!("/posts/{closed}");
    ada.patch(url, archived).await.expect_status(200);
    World { app, seen }
}

async fn follow(client: &Client, list: &str, cursor: Option<&str>) -> (Vec<i64>, Value) {
    let cursor = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    let page = client.get(format!("{list}{cursor}")).await;
    let page = page.expect_status(200);
    (page.ids(), page.body["page"].clone())
}

#[actix_web::test]
async fn a_page_examines_a_limited_number_of_rows_and_links_to_the_next() {
    let World { app, seen } = world().await;
    let nobody = app.anonymous();

    let (ids, page) = follow(&nobody, "/comments?limit=20&count=exact", None).await;

    assert_eq!(ids, [seen[7], seen[6], seen[5]]);
    assert_eq!(page["total"], seen.len());
    let (ids, page) = follow(&nobody, "/comments?limit=20", page["next"].as_str()).await;
    assert!(ids.is_empty());
    let (ids, _) = follow(&nobody, "/comments?limit=20", page["next"].as_str()).await;
    assert_eq!(ids, [seen[4], seen[3], seen[2], seen[1], seen[0]]);
}

#[actix_web::test]
async fn every_visible_row_is_on_one_page_in_both_directions() {
    let World { app, seen } = world().await;
    let reader = app.member("reader").await;
    let nobody = app.anonymous();

    for (client, sort, deleted) in [
        (&nobody, "-id", "exclude"),
        (&nobody, "id", "exclude"),
        (&nobody, "post_id,-created_at", "exclude"),
        (&reader, "created_at", "exclude"),
        (&reader, "-id", "include"),
        (&reader, "-author_id,id", "exclude"),
    ] {
        let list = format!("/comments?sort={sort}&deleted={deleted}&limit=3");
        let mut there = Vec::new();
        let (mut ids, mut page) = follow(client, &list, None).await;
        let mut pages = 1;
        while let Some(next) = page["next"].as_str().map(str::to_owned) {
            assert!(
                ids.len() <= 3 && pages < 12,
                "{list}: the walk does not end"
            );
            there.extend(ids);
            (ids, page) = follow(client, &list, Some(&next)).await;
            pages += 1;
        }
        there.extend(&ids);
        let mut back = ids;
        while let Some(prev) = page["prev"].as_str().map(str::to_owned) {
            assert!(pages < 24, "{list}: the walk does not end");
            (ids, page) = follow(client, &list, Some(&prev)).await;
            back.splice(0..0, ids);
            pages += 1;
        }
        assert_eq!(there.iter().collect::<BTreeSet<_>>(), seen.iter().collect());
        assert_eq!(there.len(), seen.len(), "{list}");
        assert_eq!(back, there, "{list}");
    }
}

#[actix_web::test]
async fn callers_who_see_all_rows_get_full_pages() {
    let World { app, seen } = world().await;
    let editor = app.editor("editor").await;

    let (ids, _) = follow(&editor, "/comments?limit=100", None).await;

    assert_eq!(ids.len(), 100);
    assert!(seen.ends_with(&[ids[2], ids[1], ids[0]]));
}

#[actix_web::test]
async fn an_export_continues_past_hidden_rows() {
    let World { app, seen } = world().await;

    let file = app.anonymous().get("/comments/export?sort=id").await;

    let lines = file.expect_status(200).text;
    let ids = lines.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["id"].as_i64().unwrap()
    });
    assert_eq!(ids.collect::<Vec<_>>(), seen);
}

#[actix_web::test]
async fn a_page_is_one_statement_however_it_ends() {
    let World { app, .. } = world().await;
    let nobody = app.anonymous();
    nobody.get("/comments?limit=1").await.expect_status(200);

    for limit in [1, 20] {
        app.statements.take();
        let page = nobody.get(format!("/comments?limit={limit}")).await;
        page.expect_status(200);
        let statements = app.statements.take();
        let lists = statements.iter().filter(|sql| sql.contains(" LIMIT "));
        assert_eq!(lists.count(), 1, "{statements:#?}");
    }
}
