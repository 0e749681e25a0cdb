//! `sort` takes up to three fields, either way, with nulls last and `id` as the tie-breaker.
use std::cmp::Ordering;

use serde_json::Value;
use service::registry;
use tests::{TestApp, json};

use super::filters::{BASE, DECLARED, populate};

/// Compares two rows by the rules of the contract; `id` has the direction of the field before it.
pub fn compare(a: &Value, b: &Value, sort: &[&str]) -> Ordering {
    for field in sort {
        let (name, descends) = field
            .strip_prefix('-')
            .map_or((*field, false), |name| (name, true));
        let order = match (&a[name], &b[name]) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => return Ordering::Greater,
            (_, Value::Null) => return Ordering::Less,
            // Bytes of UTF-8 have the order of code points.
            (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (a, b) => a.as_i64().cmp(&b.as_i64()),
        };
        match order {
            Ordering::Equal => {}
            order if descends => return order.reverse(),
            order => return order,
        }
    }
    let by_id = a["id"].as_i64().cmp(&b["id"].as_i64());
    match sort.last() {
        Some(last) if !last.starts_with('-') => by_id,
        _ => by_id.reverse(),
    }
}

#[actix_web::test]
async fn every_declared_field_sorts_both_ways_with_nulls_last() {
    let app = TestApp::new().await;
    let root = populate(&app).await;

    for (resource, public, private) in DECLARED {
        let rows = root.get(format!("/{resource}?limit=100")).await;
        let rows = rows.body["data"].as_array().unwrap();
        let long = &registry().table(resource).unwrap().long;
        let fields = BASE.iter().chain(public).chain(private);
        for field in fields.filter(|field| !long.contains(field)) {
            for sort in [(*field).to_owned(), format!("-{field}")] {
                let page = root.get(format!("/{resource}?limit=100&sort={sort}")).await;

                let mut expected = rows.clone();
                expected.sort_by(|a, b| compare(a, b, &[&sort]));
                assert_eq!(
                    page.body["data"],
                    Value::from(expected),
                    "{resource} {sort}"
                );
            }
        }
    }
}

#[actix_web::test]
async fn three_fields_sort_in_mixed_directions() {
    let app = TestApp::new().await;
    let root = populate(&app).await;
    let rows = root.get("/posts?limit=100").await;
    let rows = rows.body["data"].as_array().unwrap();

    for sort in [
        ["title", "-status", "author_id"],
        ["-title", "summary", "-slug"],
        ["summary", "-title", "id"],
        ["-summary", "author_id", "-created_at"],
        ["published_at", "-author_id", "title"],
        ["-published_at", "title", "-id"],
        ["author_id", "-summary", "published_at"],
    ] {
        let page = root
            .get(format!("/posts?limit=100&sort={}", sort.join(",")))
            .await;

        let mut expected = rows.clone();
        expected.sort_by(|a, b| compare(a, b, &sort));
        assert_eq!(page.body["data"], Value::from(expected), "{sort:?}");
    }
}

/// A page takes the first rows with NULLs of a field only, so these must be in the right order by the next field.
#[actix_web::test]
async fn pages_of_an_order_with_nulls_in_two_fields_are_complete() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    for (place, summary) in ["b", "", "a", "", "c", ""].into_iter().enumerate() {
        let status = if place < 2 { "published" } else { "draft" };
        let summary = Some(summary).filter(|summary| !summary.is_empty());
        let post = json!({ "title": "Post", "content": "…", "status": status, "summary": summary });
        root.post("/posts", post).await.expect_status(201);
    }
    let rows = root.get("/posts").await;
    let rows = rows.body["data"].as_array().unwrap();

    for sort in [
        ["published_at", "-summary"],
        ["published_at", "summary"],
        ["-published_at", "-summary"],
        ["-published_at", "summary"],
        ["-summary", "-published_at"],
        ["summary", "published_at"],
    ] {
        let mut expected = rows.clone();
        expected.sort_by(|a, b| compare(a, b, &sort));
        let expected: Vec<_> = expected
            .iter()
            .map(|row| row["id"].as_i64().unwrap())
            .collect();
        for limit in 1..=4 {
            let mut seen = Vec::new();
            let list = format!("/posts?sort={}&limit={limit}", sort.join(","));
            let mut page = root.get(&list).await.expect_status(200);
            loop {
                seen.extend(page.ids());
                let Some(next) = page.body["page"]["next"].as_str() else {
                    break;
                };
                page = root.get(format!("{list}&cursor={next}")).await;
            }
            assert_eq!(seen, expected, "{list}");
        }
    }
}

#[actix_web::test]
async fn pages_of_an_ambiguous_order_neither_repeat_nor_miss_a_row() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for _ in 0..7 {
        ada.publish("Same").await;
    }

    for sort in ["title", "-title", "summary", "-summary,status"] {
        let mut seen = Vec::new();
        for offset in 0..7 {
            let page = ada
                .get(format!("/posts?sort={sort}&limit=1&offset={offset}"))
                .await;
            seen.extend(page.ids());
        }

        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 7, "{sort}");
    }
}

#[actix_web::test]
async fn text_sorts_by_code_point() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    // The titles are in the order of code points, which no locale has.
    let titles = [
        "!", "10", "9", "A", "B", "Z", "_", "a", "a b", "a-b", "aa", "b", "z", "~", "Ä", "ß", "é",
        "ﬁ", "𐍈",
    ];
    for title in titles.iter().rev() {
        ada.publish(title).await;
    }

    let page = ada
        .get("/posts?sort=title&limit=100")
        .await
        .expect_status(200);
    let reverse = ada
        .get("/posts?sort=-title&limit=100")
        .await
        .expect_status(200);

    let sorted = |page: &Value| -> Vec<String> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|post| post["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(sorted(&page.body), titles);
    let mut backwards = titles;
    backwards.reverse();
    assert_eq!(sorted(&reverse.body), backwards);
}
