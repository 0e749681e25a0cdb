//! The rows that contain the canary, the callers who look for it, and the routes they call.
use std::collections::BTreeSet;

use api::routes::routes;
use service::registry;
use tests::{Client, TestApp, json};
use web::BASE;

use super::CANARY;
use crate::samples::sample;

/// A row that contains the canary in every text that a client can write.
pub struct Row {
    pub resource: &'static str,
    pub id: i64,
    /// Fields that a list can be filtered by.
    fields: Vec<&'static str>,
}

/// Rows that refer to each other, so that every route has something to show.
pub struct World {
    pub app: TestApp,
    pub root: Client,
    /// The owner of the other rows.
    pub ada: Client,
    post: i64,
}

impl World {
    pub async fn new() -> Self {
        let app = TestApp::new().await;
        let (root, ada) = (app.superuser("root").await, app.member("ada").await);
        let post = ada.publish("Hello").await.id();
        root.comment(post, "Hello").await;
        Self {
            app,
            root,
            ada,
            post,
        }
    }

    async fn user(&self) -> Row {
        let id = self.app.user(CANARY, false, &["editor"]).await;
        let patch = json!({ "full_name": CANARY, "bio": CANARY });
        self.root
            .patch(format!("/users/{id}"), patch)
            .await
            .expect_status(200);
        let fields = vec!["username", "email", "full_name", "bio"];
        Row {
            resource: "users",
            id,
            fields,
        }
    }

    async fn post(&self) -> Row {
        let post = json!({
            "title": CANARY, "slug": CANARY, "summary": CANARY, "content": CANARY, "status": "published",
        });
        let id = self.ada.post("/posts", post).await.expect_status(201).id();
        self.root.comment(id, CANARY).await;
        let fields = vec!["title", "slug", "summary"];
        Row {
            resource: "posts",
            id,
            fields,
        }
    }

    async fn comment(&self) -> Row {
        let id = self.ada.comment(self.post, CANARY).await.id();
        Row {
            resource: "comments",
            id,
            fields: vec!["body"],
        }
    }

    async fn role(&self) -> Row {
        let role = json!({ "name": CANARY, "description": CANARY, "permissions": ["posts.read"] });
        let id = self.root.post("/roles", role).await.expect_status(201).id();
        for user in [self.ada.id, self.root.id] {
            self.root
                .put(format!("/users/{user}/roles/{id}"))
                .await
                .expect_status(204);
        }
        Row {
            resource: "roles",
            id,
            fields: vec!["name", "description"],
        }
    }

    /// A row of a resource that needs no row of its own above: its sample, on the rows that there are.
    async fn sampled(&self, resource: &str) -> Row {
        let table = registry().table(resource).unwrap();
        let mut body = sample(resource, CANARY);
        for owner in &table.owners {
            match owner.table {
                "posts" => body[owner.column] = self.post.into(),
                "users" if table.rules.author() == Some(owner.column) => {
                    body.as_object_mut().unwrap().remove(owner.column);
                }
                "users" => body[owner.column] = self.ada.id.into(),
                _ => {}
            }
        }
        let made = self.root.post(format!("/{resource}"), body.clone()).await;
        let holds = |field: &&str| body[*field] == CANARY;
        Row {
            resource: table.name,
            id: made.expect_status(201).id(),
            fields: table.fields.iter().copied().filter(holds).collect(),
        }
    }

    pub async fn row(&self, resource: &str) -> Row {
        match resource {
            "users" => self.user().await,
            "posts" => self.post().await,
            "comments" => self.comment().await,
            "roles" => self.role().await,
            _ => self.sampled(resource).await,
        }
    }

    /// Returns callers who may read much, but may not restore the row.
    pub async fn watchers(&self) -> Vec<(&'static str, Client)> {
        let reads = [
            "users.read",
            "posts.read",
            "comments.read",
            "roles.read",
            "roles.assign",
        ];
        let writes = [
            "users.update",
            "users.purge",
            "posts.delete",
            "posts.purge",
            "comments.update",
            "roles.purge",
        ];
        let all_but_restore = [&reads[..], &writes[..]].concat();
        vec![
            ("anonymous", self.app.anonymous()),
            ("member", self.app.member("bob").await),
            ("owner", self.ada.clone()),
            ("reader", self.app.with_permissions("reader", &reads).await),
            (
                "keeper",
                self.app.with_permissions("keeper", &all_but_restore).await,
            ),
        ]
    }

    /// Returns the ids to put in the place of a route's parameter.
    fn ids(&self, path: &str, row: &Row) -> Vec<i64> {
        match path.split('/').nth(1) {
            Some("posts") => vec![row.id, self.post],
            Some("users") => vec![row.id, self.ada.id, self.root.id],
            _ => vec![row.id, 1],
        }
    }
}

/// Returns every way to ask every GET route about this row and the related ones.
pub fn questions(world: &World, row: &Row) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for route in routes()
        .into_iter()
        .filter(|route| route.method.as_str() == "GET")
        // This archive contains the caller's deleted rows, and a file about tokens (own/export.rs).
        .filter(|route| !route.path.ends_with("/auth/me/export"))
    {
        let path = route.path.strip_prefix(BASE).unwrap().to_owned();
        for id in world.ids(&path, row) {
            paths.insert(path.replace("{id}", &id.to_string()));
        }
    }
    for filter in &row.fields {
        paths.insert(format!("/{}?{filter}={CANARY}", row.resource));
        paths.insert(format!("/{}?{filter}[contains]={CANARY}", row.resource));
        paths.insert(format!("/{}?sort={filter}", row.resource));
        paths.insert(format!("/{}?sort=-{filter}", row.resource));
        for asked in ["group_by", "min", "max"] {
            paths.insert(format!("/{}/stats?{asked}={filter}", row.resource));
        }
    }
    if !registry().table(row.resource).unwrap().search.is_empty() {
        paths.insert(format!("/{}?q={CANARY}", row.resource));
        paths.insert(format!("/{}?q={CANARY}&sort=id", row.resource));
    }
    let ask = |path: &String, more: &str| {
        if path.contains('?') {
            format!("{path}&{more}")
        } else {
            format!("{path}?{more}")
        }
    };
    let variants = |path: String| {
        let more = [
            "limit=100&count=exact",
            "deleted=include",
            "deleted=only",
            "deleted=only&count=exact",
        ];
        let mut all: Vec<_> = more.iter().map(|more| ask(&path, more)).collect();
        all.push(path);
        all
    };
    paths.into_iter().flat_map(variants).collect()
}
