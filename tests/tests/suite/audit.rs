//! Every change is recorded with its effect, can be read, and undone (contract §8).
pub mod chain;
mod history;
mod on_postgres;
pub mod replay;
mod revert;

use serde_json::Value;
use tests::{Client, Reply};

/// Returns the entries of a row, oldest first.
async fn history(client: &Client, url: &str) -> Vec<Value> {
    let path = format!("{url}/history?sort=id&limit=100");
    entries(&client.get(path).await.expect_status(200))
}

fn entries(page: &Reply) -> Vec<Value> {
    page.body["data"].as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect()
}
