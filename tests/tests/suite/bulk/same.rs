//! Random operations have the same outcome in bulk and one by one.
use serde_json::Value;
use tests::{Client, TestApp, json};

use super::bulk;
use crate::dice::{Dice, seeds};

/// Returns a random operation on a row that is named by its place: slugs collide, rows are missing or named before, and versions
/// are stale.
fn operation(dice: &mut Dice) -> Value {
    let mut data = json!({ "title": dice.pick(&["A", "B", "C"]) });
    if dice.below(3) == 0 {
        data["slug"] = dice.pick(&["a", "b", "c", "d", "e"]).into();
    }
    let kind = dice.pick(&["create", "create", "update", "update", "delete"]);
    let mut operation = json!({ "op": kind });
    match kind {
        "create" => data["content"] = "…".into(),
        _ => operation["id"] = dice.below(6).into(),
    }
    if kind != "create" && dice.below(4) == 0 {
        operation["version"] = dice.pick(&[1, 2]).into();
    }
    if kind != "delete" {
        operation["data"] = data;
    }
    operation
}

/// Replaces the placeholders of a body with the ids of the rows of this server.
async fn fill_in_ids(who: &Client, mut operations: Vec<Value>) -> Vec<Value> {
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

/// Returns the status of the first refusal, if there is one.
async fn run_one_by_one(who: &Client, operations: &[Value]) -> Option<u16> {
    for operation in operations {
        let reply = bulk(who, "posts", json!([operation])).await;
        if reply.status != 200 {
            return Some(reply.status);
        }
    }
    None
}

/// Returns the rows without their times and without the random characters of slugs.
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
async fn a_bulk_does_what_its_operations_do_alone() {
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (together, apart) = (TestApp::new().await, TestApp::new().await);
        let (ada, eve) = (together.member("ada").await, apart.member("ada").await);
        for _ in 0..6 {
            let count = 1 + dice.below(6);
            let operations: Vec<_> = (0..count).map(|_| operation(&mut dice)).collect();

            let before = state(&ada).await;
            let here = fill_in_ids(&ada, operations.clone()).await;
            let there = fill_in_ids(&eve, operations.clone()).await;
            let reply = bulk(&ada, "posts", here.into()).await;
            let refused = run_one_by_one(&eve, &there).await;

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
