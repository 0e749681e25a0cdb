//! Random writes, deletions, restores and changes of roles: after each, a server with a cache answers as one without.
use tests::{Client, Reply, TestApp, json, scaled};

use super::cached;
use crate::dice::{Dice, seeds};

/// A caller of both servers.
struct Both {
    cached: Client,
    plain: Client,
}

struct World {
    app: TestApp,
    _plain: TestApp,
    root: Client,
    callers: Vec<Both>,
    posts: Vec<i64>,
    comments: Vec<i64>,
    roles: Vec<i64>,
    /// The answers that cost no statement.
    hits: usize,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::with(cached).await;
        let plain = app.uncached();
        let root = app.superuser("root").await;
        let people = [
            app.anonymous(),
            app.member("ada").await,
            app.member("bob").await,
            app.editor("eve").await,
            app.with_permissions("key", &["posts.read", "comments.*"])
                .await,
            root.clone(),
        ];
        let both = |client: Client| Both {
            plain: if client.token().is_empty() {
                plain.anonymous()
            } else {
                let token = Some(client.token().to_owned());
                Client::new(plain.address, token, client.id)
            },
            cached: client,
        };
        let roles = root.get("/roles?sort=id").await.ids();
        Self {
            callers: people.into_iter().map(both).collect(),
            root,
            app,
            _plain: plain,
            posts: Vec::new(),
            comments: Vec::new(),
            roles,
            hits: 0,
        }
    }

    /// Makes one change through one of the servers. It may be refused.
    async fn change(&mut self, dice: &mut Dice) {
        let caller = dice.below(self.callers.len());
        let through_plain = dice.below(4) == 0;
        let both = &self.callers[caller];
        let mut who = if through_plain {
            &both.plain
        } else {
            &both.cached
        };
        let user = self.callers[1 + dice.below(4)].cached.id;
        let post = format!("/posts/{}", any(dice, &self.posts));
        let comment = format!("/comments/{}", any(dice, &self.comments));
        let word = dice.pick(&["one", "two", "three"]);
        let status = dice.pick(&["draft", "published", "published", "archived"]);
        if dice.below(3) == 0 {
            who = &self.root;
        }
        let reply = match dice.below(14) {
            0 | 1 => {
                let post = json!({ "title": word, "content": "…", "status": status });
                let reply = who.post("/posts", post).await;
                self.posts.extend((reply.status == 201).then(|| reply.id()));
                return;
            }
            2 | 3 => {
                let comment = json!({ "post_id": any(dice, &self.posts), "body": word });
                let reply = who.post("/comments", comment).await;
                self.comments
                    .extend((reply.status == 201).then(|| reply.id()));
                return;
            }
            4 => who.patch(post, json!({ "status": status })).await,
            5 => {
                who.patch(post, json!({ "title": word, "summary": status }))
                    .await
            }
            6 => who.patch(comment, json!({ "body": word })).await,
            7 => who.delete(post).await,
            8 => who.act(format!("{post}/restore")).await,
            9 => who.delete(comment).await,
            10 => {
                let path = dice.pick(&[format!("{post}/purge"), format!("{comment}/restore")]);
                who.act(path).await
            }
            11 => {
                let path = format!("/users/{user}/roles/{}", dice.pick(&self.roles));
                if dice.below(2) == 0 {
                    self.root.put(path).await
                } else {
                    self.root.delete(path).await
                }
            }
            12 => {
                let permissions =
                    dice.pick(&[json!(["posts.read"]), json!([]), json!(["users.read"])]);
                let role = format!("/roles/{}", dice.pick(&self.roles));
                self.root
                    .patch(role, json!({ "permissions": permissions }))
                    .await
            }
            _ => {
                let user = format!("/users/{user}");
                self.root.patch(user, json!({ "full_name": word })).await
            }
        };
        assert!(reply.status < 500, "{}", reply.text);
    }

    /// Compares the answers of both servers to some requests, which the cached one may get several times.
    async fn compare(&mut self, dice: &mut Dice) {
        for _ in 0..4 {
            let path = self.path(dice);
            let caller = dice.below(self.callers.len());
            let both = &self.callers[caller];
            let plain = both.plain.get(&path).await;
            for _ in 0..2 {
                let before = self.app.statements.count();
                let cached = both.cached.get(&path).await;
                let is_hit = caller == 0 && self.app.statements.count() == before;
                self.hits += usize::from(is_hit && cached.status == 200);
                assert_eq!(shown(&cached), shown(&plain), "caller {caller}: {path}");
            }
        }
    }

    fn path(&self, dice: &mut Dice) -> String {
        let post = any(dice, &self.posts);
        let comment = any(dice, &self.comments);
        let user = self.callers[1 + dice.below(4)].cached.id;
        match dice.below(16) {
            0..=2 => format!("/posts/{post}"),
            3 => format!("/posts/{post}?include=author,comments"),
            4 => format!("/posts/{post}?fields=title,status"),
            5 => format!("/posts/{post}?deleted=include"),
            6 => format!("/comments/{comment}"),
            7 => format!("/comments/{comment}?include=post,author"),
            8 => format!("/users/{user}"),
            9 => "/posts".to_owned(),
            10 => "/posts?include=author&limit=3&sort=-created_at".to_owned(),
            11 => "/posts?q=two&count=exact".to_owned(),
            12 => "/posts?status=published&deleted=include".to_owned(),
            13 => format!("/comments?post_id={post}&include=post"),
            14 => "/users?sort=username".to_owned(),
            _ => format!("/roles/{}", dice.pick(&self.roles)),
        }
    }
}

fn any(dice: &mut Dice, ids: &[i64]) -> i64 {
    if ids.is_empty() { 1 } else { dice.pick(ids) }
}

/// The parts of an answer that must be equal. A failure names its request.
fn shown(reply: &Reply) -> (u16, [String; 3], String) {
    let header = |name| {
        let value = reply.headers.get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    };
    let text = if reply.status == 200 {
        reply.text.clone()
    } else {
        String::new()
    };
    (
        reply.status,
        ["etag", "link", "cache-control"].map(header),
        text,
    )
}

#[actix_web::test]
async fn answers_with_and_without_a_cache_are_the_same() {
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let mut world = World::new().await;
        for _ in 0..scaled(60) {
            world.change(&mut dice).await;
            world.compare(&mut dice).await;
        }
        assert!(
            world.hits > 10,
            "{} answers came from the cache",
            world.hits
        );
    }
}
