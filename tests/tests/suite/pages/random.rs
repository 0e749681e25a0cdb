//! Random tables, orders, filters and page sizes. They are the same in each run, and different with another `ATOLL_TEST_SEED`.
mod drawn;

use std::collections::BTreeMap;

use serde_json::Value;
use tests::{Client, TestApp};

use drawn::World;

use crate::{
    dice::{Dice, seeds},
    lists::order::compare,
};

/// A random list: its path and its sort.
struct List {
    path: String,
    sort: Vec<String>,
}

impl List {
    fn drawn(dice: &mut Dice) -> Self {
        let sort = dice.sort();
        let path = format!("/posts?sort={}{}", sort.join(","), dice.filter());
        Self { path, sort }
    }

    async fn page(&self, client: &Client, limit: usize, cursor: Option<&str>) -> Value {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}"));
        let path = format!("{}&limit={limit}{}", self.path, cursor.unwrap_or_default());
        client.get(path).await.expect_status(200).body
    }

    /// Every row, sorted here.
    async fn whole(&self, client: &Client) -> Vec<Value> {
        let mut rows = rows(&self.page(client, 100, None).await);
        let sort: Vec<_> = self.sort.iter().map(String::as_str).collect();
        rows.sort_by(|a, b| compare(a, b, &sort));
        rows
    }
}

fn rows(page: &Value) -> Vec<Value> {
    page["data"].as_array().unwrap().clone()
}

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// Steps back and forth with random limits, and checks that each page is the right part of the list.
async fn check_random_steps(client: &Client, list: &List, dice: &mut Dice) {
    let whole = ids(&list.whole(client).await);
    let limit = dice.limit();
    let mut page = list.page(client, limit, None).await;
    let (mut from, mut to) = (0, limit.min(whole.len()));
    for _ in 0..12 {
        let at = format!("{} from {from} to {to}", list.path);
        assert_eq!(ids(&rows(&page)), whole[from..to], "{at}");
        let (prev, next) = (page["page"]["prev"].as_str(), page["page"]["next"].as_str());
        assert_eq!(prev.is_some(), from > 0, "{at}");
        assert_eq!(next.is_some(), to < whole.len(), "{at}");
        let limit = dice.limit();
        let cursor = match (prev, next) {
            (Some(prev), next) if next.is_none() || dice.below(3) == 0 => {
                (from, to) = (from.saturating_sub(limit), from);
                prev.to_owned()
            }
            (_, Some(next)) => {
                (from, to) = (to, (to + limit).min(whole.len()));
                next.to_owned()
            }
            _ => return,
        };
        page = list.page(client, limit, Some(&cursor)).await;
    }
}

/// Returns the cursor to the rows before the last one, if there are any.
async fn cursor_before_last(client: &Client, list: &List, count: usize) -> Option<String> {
    let path = format!("{}&limit=1&offset={}", list.path, count.max(1) - 1);
    let page = client.get(path).await.expect_status(200).body;
    page["page"]["prev"].as_str().map(str::to_owned)
}

/// Walks from one end to the other while rows are added and deleted: the unchanged rows are seen once, and all in order.
async fn walk_while_rows_move(world: &mut World, list: &List, is_backward: bool, dice: &mut Dice) {
    let client = world.root.clone();
    let mut stay = ids(&list.whole(&client).await);
    let mut cursor = None;
    if is_backward {
        cursor = cursor_before_last(&client, list, stay.len()).await;
        stay.pop();
        assert_eq!(cursor.is_some(), !stay.is_empty());
        if cursor.is_none() {
            return;
        }
    }
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let page = list.page(&client, dice.limit(), cursor.as_deref()).await;
        let found = rows(&page);
        if is_backward {
            seen.splice(0..0, found).for_each(drop);
        } else {
            seen.extend(found);
        }
        world.change(dice).await;
        let on = if is_backward { "prev" } else { "next" };
        match page["page"][on].as_str() {
            Some(place) => cursor = Some(place.to_owned()),
            None => break,
        }
        assert!(seen.len() < 500, "a walk must end");
    }
    let sort: Vec<_> = list.sort.iter().map(String::as_str).collect();
    let in_order = seen.is_sorted_by(|a, b| compare(a, b, &sort).is_lt());
    let (path, seen) = (&list.path, ids(&seen));
    assert!(in_order, "{path}: twice, or out of order: {seen:?}");
    let after = ids(&list.whole(&client).await);
    for id in stay.into_iter().filter(|id| after.contains(id)) {
        assert!(seen.contains(&id), "{path}: {id} is missing in {seen:?}");
    }
}

#[actix_web::test]
async fn every_page_is_the_right_part_of_the_list() {
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let app = TestApp::new().await;
        let world = World::drawn(&app, &mut dice).await;
        for _ in 0..8 {
            let list = List::drawn(&mut dice);
            for client in [&world.root, &world.ada] {
                check_random_steps(client, &list, &mut dice).await;
            }
        }
    }
}

#[actix_web::test]
async fn unchanged_rows_are_seen_once_while_others_change() {
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let app = TestApp::new().await;
        let mut world = World::drawn(&app, &mut dice).await;
        for is_backward in [false, true, false, true] {
            let list = List::drawn(&mut dice);
            walk_while_rows_move(&mut world, &list, is_backward, &mut dice).await;
        }
    }
}

/// Equal draws would prove little.
#[test]
fn the_draws_differ_and_repeat() {
    let drawn = |seed| {
        let mut dice = Dice::new(seed);
        List::drawn(&mut dice)
    };
    let mut kinds = BTreeMap::new();
    for seed in 1..200 {
        let list = drawn(seed);
        assert_eq!(list.path, drawn(seed).path);
        let ways = list.sort.iter().map(|field| field.starts_with('-'));
        let is_mixed = ways.clone().any(|way| way) && ways.clone().any(|way| !way);
        *kinds.entry((list.sort.len(), is_mixed)).or_insert(0) += 1;
    }
    assert!(
        kinds.len() == 5 && kinds.values().all(|count| *count > 5),
        "{kinds:?}"
    );
}
