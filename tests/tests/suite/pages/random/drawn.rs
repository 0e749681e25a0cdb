//! Random orders, filters, and tables with many equal values.
use serde_json::{Value, json};
use tests::{Client, TestApp};

use crate::{
    dice::Dice,
    lists::filters::{BASE, DECLARED},
};

impl Dice {
    /// Returns a random page size, mostly a small one: that gives more edges between pages.
    pub fn limit(&mut self) -> usize {
        self.pick(&[1, 1, 2, 3, 4, 5, 7, 11, 40])
    }

    /// Returns one to three fields of posts, each in a random direction.
    pub fn sort(&mut self) -> Vec<String> {
        let (_, public, _) = DECLARED
            .into_iter()
            .find(|(name, ..)| *name == "posts")
            .unwrap();
        let mut fields: Vec<_> = BASE.iter().chain(public).copied().collect();
        let count = 1 + self.below(3);
        let mut draw = || {
            let field = fields.remove(self.below(fields.len()));
            format!("{}{field}", self.pick(&["", "-"]))
        };
        (0..count).map(|_| draw()).collect()
    }

    /// Returns further parameters, or none.
    pub fn filter(&mut self) -> &'static str {
        self.pick(&[
            "",
            "",
            "&status[ne]=archived",
            "&summary[is_null]=false",
            "&author.username=ada",
        ])
    }

    /// Returns a post with few different values, so that many are equal or null.
    fn post(&mut self) -> Value {
        let summary = self.pick(&[
            json!(null),
            json!(null),
            json!(""),
            json!("a"),
            json!("B"),
            json!("é"),
        ]);
        json!({
            "title": self.pick(&["Alpha", "alpha", "beta", "Ölpha", "😀"]),
            "summary": summary,
            "status": self.pick(&["draft", "published", "archived"]),
            "content": "…",
        })
    }
}

/// Up to 40 posts of two authors, some changed and some deleted.
pub struct World {
    /// A caller who sees all posts.
    pub root: Client,
    /// A caller who sees her own posts and published ones.
    pub ada: Client,
    live: Vec<i64>,
}

impl World {
    pub async fn drawn(app: &TestApp, dice: &mut Dice) -> Self {
        let (root, ada) = (app.superuser("root").await, app.member("ada").await);
        let mut world = Self {
            root,
            ada,
            live: Vec::new(),
        };
        for _ in 0..dice.below(41) {
            world.insert(dice).await;
            match dice.below(8) {
                0 => world.delete(dice).await,
                // Another version, and another time of update.
                1 => world.touch(dice).await,
                _ => {}
            }
        }
        world
    }

    /// Changes some posts between two pages.
    pub async fn change(&mut self, dice: &mut Dice) {
        for _ in 0..dice.below(3) {
            match dice.below(2) {
                0 if self.live.len() < 60 => self.insert(dice).await,
                _ => self.delete(dice).await,
            }
        }
    }

    async fn insert(&mut self, dice: &mut Dice) {
        let author = if dice.below(2) == 0 {
            &self.root
        } else {
            &self.ada
        };
        let post = author.post("/posts", dice.post()).await.expect_status(201);
        self.live.push(post.id());
    }

    async fn delete(&mut self, dice: &mut Dice) {
        if !self.live.is_empty() {
            let id = self.live.swap_remove(dice.below(self.live.len()));
            self.root
                .delete(format!("/posts/{id}"))
                .await
                .expect_status(204);
        }
    }

    async fn touch(&self, dice: &mut Dice) {
        if !self.live.is_empty() {
            let post = format!("/posts/{}", dice.pick(&self.live));
            let content = json!({ "content": format!("{}", dice.below(9)) });
            self.root.patch(post, content).await.expect_status(200);
        }
    }
}
