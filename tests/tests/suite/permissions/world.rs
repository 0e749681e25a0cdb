//! The callers of the table, and the rows, which are created anew after each request that may have changed them.
mod credential;
mod generic;
mod rows;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use service::registry;
use tests::{Client, Knobs, PASSWORD, Reply, TestApp, json};
use web::BASE;

use super::Line;
use crate::samples::{requires_body, resource_of};
pub use credential::Credential;

/// The routes of accounts whose scenes no other route can use.
const OWN_SCENES: [&str; 5] = [
    "/auth/login",
    "/auth/cookie",
    "/auth/register",
    "/auth/sessions/{id}",
    "/auth/api-keys/{id}",
];

/// A code that no account has.
const NO_CODE: &str = "000000";

const MISSING: i64 = 9_000_000_000;

pub struct World {
    app: TestApp,
    credential: Credential,
    /// The API keys by user id.
    keys: RefCell<HashMap<i64, String>>,
    member: Client,
    owner: Client,
    editor: Client,
    admin: Client,
    superuser: Client,
    /// A member who is not in the table and who wrote `post`.
    third: Client,
    post: i64,
    editors: i64,
    /// A live row of each table that others can refer to.
    rows: HashMap<&'static str, i64>,
    made: Cell<u32>,
    /// The scenes whose last request was a read or a refusal, by what they are made for.
    scenes: RefCell<HashMap<SceneKey, Scene>>,
}

/// What a scene is made for: a resource or a path, the state of the row, and the kind of caller.
type SceneKey = (&'static str, &'static str, String);

/// The caller and the row of one cell.
#[derive(Clone)]
struct Scene {
    caller: Client,
    /// The id in the path or in the body.
    id: i64,
    role: i64,
    /// The current code of the account.
    otp: String,
}

impl Scene {
    fn path(&self, line: &Line) -> String {
        line.path
            .replace("{id}", &self.id.to_string())
            .replace("{role_id}", &self.role.to_string())
            .replace("{session_id}", &MISSING.to_string())
            .replace("{key_id}", &MISSING.to_string())
            .replace("{permission}", "posts.read")
    }
}

impl World {
    pub async fn new(credential: Credential) -> Self {
        // The cache must never return an outdated caller.
        let remember = |knobs: &mut Knobs| {
            // The other kinds change callers by SQL, of which the cache is not notified.
            if matches!(credential, Credential::Session) {
                knobs.service.auth.cache_lifetime = Duration::from_hours(1);
            }
        };
        let app = TestApp::with(remember).await;
        let third = app.member("third").await;
        let admin = app.admin("admin").await;
        let editors = admin.get("/roles?name=editor").await.ids()[0];
        let mut world = Self {
            credential,
            rows: HashMap::new(),
            keys: RefCell::default(),
            member: app.member("member").await,
            owner: app.member("owner").await,
            editor: app.editor("editor").await,
            superuser: app.superuser("superuser").await,
            post: third.publish("Shared").await.id(),
            made: Cell::new(0),
            scenes: RefCell::default(),
            third,
            admin,
            editors,
            app,
        };
        for caller in world.people() {
            world.create_key(caller).await;
        }
        world.rows = [
            ("users", world.third.id),
            ("posts", world.post),
            ("roles", editors),
        ]
        .into();
        for table in registry().tables() {
            if !["users", "posts", "roles", "comments"].contains(&table.name) {
                let made = world.sampled(table, world.owner.id).await;
                world.rows.insert(table.name, made);
            }
        }
        world
    }

    /// Prepares one cell and sends its request. Also returns the explanation, except for a request with a query string.
    pub async fn explain_and_call(&self, line: &Line, caller: &str) -> (Option<Reply>, Reply) {
        let scene = self.scene_of(line, caller).await;
        let explained = if line.path.contains('?') {
            None
        } else {
            Some(self.explained(line, &scene).await)
        };
        (explained, self.send(line, &scene, caller).await)
    }

    /// Prepares one cell and sends its request.
    pub async fn call(&self, line: &Line, caller: &str) -> Reply {
        let scene = self.scene_of(line, caller).await;
        self.send(line, &scene, caller).await
    }

    /// Returns the explanation of a request. For a bulk it is the explanation of its operation.
    async fn explained(&self, line: &Line, scene: &Scene) -> Reply {
        let path = scene.path(line);
        let whole = self.explain(line.method, &path, scene).await;
        let is_bulk = line.pattern().ends_with("/bulk");
        if !is_bulk || whole.body["allowed"] == false {
            return whole;
        }
        let all = path.replace("/bulk", "");
        if line.state == "-" {
            return self.explain("POST", &all, scene).await;
        }
        let one = format!("{all}/{}", scene.id);
        self.explain("PATCH", &one, scene).await
    }

    async fn explain(&self, method: &str, path: &str, scene: &Scene) -> Reply {
        let user = match scene.caller.id {
            0 => String::new(),
            id => format!("&user_id={id}"),
        };
        let question = format!("/auth/explain?method={method}&path={BASE}{path}{user}");
        self.superuser.get(question).await.expect_status(200)
    }

    /// Returns the scene of a cell. A refused request must have changed nothing, so the next cell that needs the same rows shows
    /// it if one has.
    async fn scene_of(&self, line: &Line, caller: &str) -> Scene {
        let known = self.scenes.borrow().get(&scene_key(line, caller)).cloned();
        match known {
            Some(scene) => scene,
            None => self.new_scene(line, caller).await,
        }
    }

    async fn new_scene(&self, line: &Line, caller: &str) -> Scene {
        match scene_key(line, caller).0 {
            path if path.starts_with("/auth") => self.account(line, caller).await,
            "users" => self.user(line, caller).await,
            "posts" => self.post(line.state, caller).await,
            "comments" => self.comment(line.state, caller).await,
            "roles" => self.role(line.state, caller).await,
            _ => match resource_of(line.path) {
                Some(resource) => self.row(resource, line.state, caller).await,
                None if line.state == "-" => self.scene(caller, 0),
                None => panic!("{line}: say in permissions/world.rs how its rows are made"),
            },
        }
    }

    async fn send(&self, line: &Line, scene: &Scene, caller: &str) -> Reply {
        let path = scene.path(line);
        let method = Method::from_bytes(line.method.as_bytes()).unwrap();
        let client = self.prepare_caller(&scene.caller, caller).await;
        let is_read = method == Method::GET;
        let request = client.request(method, path);
        let reply = Reply::send(match self.body(line, scene) {
            Some(body) if line.pattern().ends_with("/import") => request
                .header("content-type", "application/x-ndjson")
                .body(body.to_string()),
            Some(body) => request.json(&body),
            None => request,
        })
        .await;
        self.restore_roles(&scene.caller, caller).await;
        let key = scene_key(line, caller);
        if is_read || reply.status >= 400 {
            self.scenes.borrow_mut().insert(key, scene.clone());
        } else {
            self.scenes.borrow_mut().remove(&key);
        }
        reply
    }

    fn body(&self, line: &Line, scene: &Scene) -> Option<Value> {
        if !line.pattern().ends_with("/bulk") {
            return self.data(line.method, line.pattern(), scene);
        }
        // Without a row the bulk creates one, otherwise it changes the row.
        let all = line.pattern().replace("/bulk", "");
        let operation = if line.state == "-" {
            json!({ "op": "create", "data": self.data("POST", &all, scene)? })
        } else {
            let data = self.data("PATCH", &(all + "/{id}"), scene)?;
            json!({ "op": "update", "id": scene.id, "data": data })
        };
        Some(json!({ "operations": [operation] }))
    }

    fn data(&self, method: &str, path: &str, scene: &Scene) -> Option<Value> {
        let name = self.name();
        let (email, password) = (format!("{name}@example.org"), PASSWORD);
        Some(match (method, path) {
            ("POST", "/auth/login" | "/auth/cookie") => {
                json!({ "login": "member", "password": password })
            }
            ("POST", "/auth/totp/confirm") | ("DELETE", "/auth/totp") => {
                json!({ "otp": scene.otp })
            }
            ("POST", "/auth/api-keys") => json!({ "name": name, "scopes": ["posts.create.own"] }),
            // There is no invitation, because no route creates one.
            ("POST", "/auth/invite/accept") => {
                json!({ "token": "none", "account": self.data(method, "/auth/register", scene)? })
            }
            ("POST", "/auth/email/verify") => json!({ "token": "none" }),
            ("POST", "/auth/register" | "/users" | "/users/import") => {
                json!({ "username": name, "email": email, "password": password })
            }
            ("PATCH", "/auth/me" | "/users/{id}") => json!({ "bio": name }),
            ("PATCH", "/posts/{id}") => json!({ "summary": name }),
            ("POST", "/comments") => json!({ "post_id": scene.id, "body": name }),
            ("POST", "/posts/{id}/comments") => json!({ "body": name }),
            ("PATCH", "/roles/{id}") => json!({ "description": name }),
            _ => {
                return self
                    .generic(method, path, &name)
                    .or_else(|| custom(method, path));
            }
        })
    }

    fn name(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("n{}", self.made.get() + 100)
    }

    fn caller(&self, name: &str) -> Client {
        match name {
            "member" => self.member.clone(),
            "owner" => self.owner.clone(),
            "editor" => self.editor.clone(),
            "admin" => self.admin.clone(),
            "superuser" => self.superuser.clone(),
            _ => self.app.anonymous(),
        }
    }

    /// Signs in a new user of the same kind.
    async fn twin(&self, caller: &str) -> Client {
        let name = self.name();
        let twin = match caller {
            "editor" => self.app.editor(&name).await,
            "admin" => self.app.admin(&name).await,
            "superuser" => self.app.superuser(&name).await,
            "anonymous" => self.app.anonymous(),
            _ => self.app.member(&name).await,
        };
        self.create_key(&twin).await;
        twin
    }

    fn scene(&self, caller: &str, id: i64) -> Scene {
        Scene {
            caller: self.caller(caller),
            id,
            role: self.editors,
            otp: NO_CODE.to_owned(),
        }
    }
}

/// Returns the sample of a route that has no other body here, if the route requires one.
fn custom(method: &str, path: &str) -> Option<Value> {
    if !requires_body(method, path) {
        return None;
    }
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    crate::routes::samples::body(&method, path)
}

fn scene_key(line: &Line, caller: &str) -> SceneKey {
    let subject = match line.path.split(['/', '?']).nth(1).unwrap_or_default() {
        "auth" if OWN_SCENES.contains(&line.pattern()) => line.pattern(),
        "auth" => "/auth",
        "comments" if line.pattern() == "/comments" => "posts",
        resource => resource,
    };
    (subject, line.state, caller.to_owned())
}
