//! The rows of the cells of the table, in the state that a line names.
use tests::{Authenticator, Client, json};

use super::{Line, MISSING, NO_CODE, Scene, World};

impl World {
    /// Prepares a new user, because the cell may end their session.
    pub(super) async fn account(&self, line: &Line, caller: &str) -> Scene {
        let caller = match line.path {
            "/auth/login" | "/auth/cookie" | "/auth/register" => self.caller(caller),
            _ => self.twin(caller).await,
        };
        let url = format!("/users/{}", caller.id);
        let mut otp = NO_CODE.to_owned();
        match line.state {
            "deleted" => drop(self.superuser.delete(url).await.expect_status(204)),
            "deactivated" => {
                let off = json!({ "is_active": false });
                self.superuser.patch(url, off).await.expect_status(200);
            }
            "pending" if caller.id > 0 => {
                let phone = Authenticator::pending(&caller).await;
                otp = phone.code(0);
            }
            "on" if caller.id > 0 => {
                let phone = Authenticator::enabled(&caller).await;
                otp.clone_from(&phone.recovery_codes[0]);
            }
            _ => {}
        }
        let id = match (line.path, line.state) {
            ("/auth/sessions/{id}", "own") if caller.id > 0 => session(&caller).await,
            ("/auth/sessions/{id}", "live") => session(&self.superuser).await,
            ("/auth/api-keys/{id}", "own") if caller.id > 0 => key(&caller).await,
            ("/auth/api-keys/{id}", "live") => key(&self.superuser).await,
            ("/auth/sessions/{id}" | "/auth/api-keys/{id}", _) => MISSING,
            _ => caller.id,
        };
        Scene {
            id,
            caller,
            role: self.editors,
            otp,
        }
    }

    pub(super) async fn user(&self, line: &Line, caller: &str) -> Scene {
        let mut scene = self.scene(caller, MISSING);
        match line.state {
            "missing" | "-" => {}
            "own" => {
                scene.caller = self.twin(caller).await;
                scene.id = scene.caller.id;
            }
            "editor" => scene.id = self.app.user(&self.name(), false, &["editor"]).await,
            "superuser" | "deleted-superuser" => {
                scene.id = self.app.user(&self.name(), true, &[]).await;
            }
            _ if caller == "owner" => {
                scene.caller = self.twin(caller).await;
                scene.id = scene.caller.id;
            }
            _ => scene.id = self.app.user(&self.name(), false, &[]).await,
        }
        match line.state {
            "deleted" | "deleted-superuser" => self.erase("users", scene.id).await,
            "deleted-role" => scene.role = self.role("deleted", caller).await.id,
            "missing-role" => scene.role = MISSING,
            _ => {}
        }
        scene
    }

    pub(super) async fn post(&self, state: &str, caller: &str) -> Scene {
        let mut scene = self.scene(caller, MISSING);
        let author = match state {
            "own" | "own-deleted" => &scene.caller,
            "missing" | "-" => return scene,
            _ => &self.owner,
        };
        let status = match state {
            "draft" | "archived" => state,
            "own" => "draft",
            _ => "published",
        };
        let post = json!({ "title": self.name(), "content": "…", "status": status });
        let post = author.post("/posts", post).await.expect_status(201);
        match state {
            "deleted" | "own-deleted" => {
                author.delete(post.url()).await.expect_status(204);
            }
            "moderated" => self.erase("posts", post.id()).await,
            _ => {}
        }
        scene.id = post.id();
        scene
    }

    pub(super) async fn comment(&self, state: &str, caller: &str) -> Scene {
        let mut scene = self.scene(caller, MISSING);
        let post = match state {
            "missing" | "-" => return scene,
            "hidden" => self.third.publish(&self.name()).await.id(),
            "beneath" => self.owner.publish(&self.name()).await.id(),
            _ => self.post,
        };
        let author = match state {
            "own" | "own-deleted" => &scene.caller,
            "beneath" => &self.third,
            _ => &self.owner,
        };
        let comment = author.comment(post, "…").await;
        match state {
            "hidden" => {
                let draft = json!({ "status": "draft" });
                let hidden = self.third.patch(format!("/posts/{post}"), draft).await;
                hidden.expect_status(200);
            }
            "deleted" | "own-deleted" => {
                author.delete(comment.url()).await.expect_status(204);
            }
            "removed" => {
                self.third.delete(comment.url()).await.expect_status(204);
            }
            "moderated" => self.erase("comments", comment.id()).await,
            _ => {}
        }
        scene.id = comment.id();
        scene
    }

    pub(super) async fn role(&self, state: &str, caller: &str) -> Scene {
        let mut scene = self.scene(caller, MISSING);
        match state {
            "missing" | "-" => return scene,
            "system" => scene.id = self.editors,
            _ => {
                let role = json!({ "name": self.name(), "permissions": ["posts.read"] });
                scene.id = self
                    .admin
                    .post("/roles", role)
                    .await
                    .expect_status(201)
                    .id();
            }
        }
        if state == "deleted" {
            self.erase("roles", scene.id).await;
        }
        scene
    }

    /// Deletes a row as a user who is not the caller.
    pub(super) async fn erase(&self, resource: &str, id: i64) {
        let path = format!("/{resource}/{id}");
        self.superuser.delete(path).await.expect_status(204);
    }
}

/// Creates an API key and returns its id.
async fn key(client: &Client) -> i64 {
    client.with_key(&["posts.create.own"]).await;
    let keys = client.get("/auth/api-keys").await.expect_status(200);
    keys.body["data"][0]["id"].as_i64().unwrap()
}

/// Returns the id of the user's session.
async fn session(client: &Client) -> i64 {
    let sessions = client.get("/auth/sessions").await.expect_status(200);
    sessions.body["data"][0]["id"].as_i64().unwrap()
}
