//! Random operations have the same outcome in bulk and one by one.
use serde_json::Value;
use tests::{Client, TestApp, json};

use super::bulk;
use crate::dice::{Dice, seeds};

/// Slugs collide, rows are missing or were named before, versions are stale: all of that happens. A row is named by its place.
fn operation(dice: &mut Dice) -> Value {
    let mut data = json!({ "title": dice.of_these(&["A", "B", "C"]) });
    if dice.below(3) == 0 {
        data["slug"] = dice.of_these(&["a", "b", "c", "d", "e"]).into();
    }
    let kind = dice.of_these(&["create", "create", "update", "update", "delete"]);
    let mut operation = json!({ "op": kind });
    match kind {
        "create" => data["content"] = "…".into(),
        _ => operation["id"] = dice.below(6).into(),
    }
    if kind != "create" && dice.below(4) == 0 {
        operation["version"] = dice.of_these(&[1, 2]).into();
    }
    if kind != "delete" {
        operation["data"] = data;
    }
    operation
}

/// With the ids that rows have here, where there are some at these places.
async fn named(who: &Client, mut operations: Vec<Value>) -> Vec<Value> {
    let rows = who.get("/posts?limit=100&sort=id&deleted=include").await;
    let rows = rows.ids();
    for operation in &mut operations {
        if let Some(place) = operation["id"].as_u64() {
            let id = rows.get(usize::try_from(place).unwrap());
            operation["id"] = id.copied().unwrap_or(9_999).into();
        }
    }
    operations
}

/// The status of the first that is refused, if one is.
async fn one_by_one(who: &Client, operations: &[Value]) -> Option<u16> {
    for operation in operations {
        let reply = bulk(who, "posts", json!([operation])).await;
        if reply.status != 200 {
            return Some(reply.status);
        }
    }
    None
}

/// What can be told of the rows without the time and the random characters of slugs.
async fn state(who: &Client) -> Value {
    let list = "/posts?limit=100&sort=slug&deleted=include&fields=title,slug,version,deleted_at";
    let mut list = who.get(list).await.expect_status(200).body;
    let rows = list["data"].as_array_mut().unwrap();
    for row in rows.iter_mut() {
        row["id"].take();
        row["deleted_at"] = row["deleted_at"].is_null().into();
        let slug = row["slug"].as_str().unwrap();
        let plain = slug.split_once('-').map(|(plain, _)| format!("{plain}-…"));
        row["slug"] = plain.unwrap_or_else(|| slug.to_owned()).into();
    }
    rows.sort_by_key(Value::to_string);
    list["data"].take()
}

#[actix_web::test]
async fn a_bulk_is_what_its_operations_are() {
    for seed in seeds() {
        let mut dice = Dice::of(seed);
        let (together, apart) = (TestApp::new().await, TestApp::new().await);
        let (ada, eve) = (together.member("ada").await, apart.member("ada").await);
        for _ in 0..6 {
            let count = 1 + dice.below(6);
            let operations: Vec<_> = (0..count).map(|_| operation(&mut dice)).collect();

            let before = state(&ada).await;
            let here = named(&ada, operations.clone()).await;
            let there = named(&eve, operations.clone()).await;
            let reply = bulk(&ada, "posts", here.into()).await;
            let refused = one_by_one(&eve, &there).await;

            let said = format!("seed {seed}: {operations:#?} {}", reply.text);
            assert_eq!(reply.status, refused.unwrap_or(200), "{said}");
            if refused.is_some() {
                assert_eq!(state(&ada).await, before, "{said}");
                break;
            }
            assert_eq!(state(&ada).await, state(&eve).await, "{said}");
        }
    }
}
