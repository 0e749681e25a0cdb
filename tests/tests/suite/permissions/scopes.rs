//! The rights of users over their own rows through API keys: each rule needs the scope that `docs/api.md` names.
use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

/// The permissions of a member, and the rights that owners have without a permission.
const ALL: [&str; 15] = [
    "posts.read.own",
    "posts.create.own",
    "posts.update.own",
    "posts.delete.own",
    "posts.restore.own",
    "posts.audit.own",
    "comments.read.own",
    "comments.create.own",
    "comments.update.own",
    "comments.delete.own",
    "comments.restore.own",
    "comments.audit.own",
    "users.read.own",
    "users.update.own",
    "users.delete.own",
];

/// The users and rows of the rules.
struct Scene {
    app: TestApp,
    ada: Client,
    bob: Client,
    root: Client,
    draft: i64,
    post: i64,
    /// A comment of ada's, on a post that is a draft again.
    hidden: i64,
}

#[derive(Clone, Copy)]
struct Rule {
    name: &'static str,
    scope: &'static str,
    /// The method and path for `GET /auth/explain`, or `None` if the answer is public except for some rows or fields.
    route: Option<(&'static str, &'static str)>,
    refused: u16,
}

const fn rule(
    name: &'static str,
    scope: &'static str,
    route: Option<(&'static str, &'static str)>,
    refused: u16,
) -> Rule {
    Rule {
        name,
        scope,
        route,
        refused,
    }
}

const RULES: [Rule; 13] = [
    rule(
        "draft",
        "posts.read.own",
        Some(("GET", "/posts/{draft}")),
        404,
    ),
    rule("drafts in a list", "posts.read.own", None, 200),
    rule("drafts of a user", "posts.read.own", None, 200),
    rule("drafts in stats", "posts.read.own", None, 200),
    rule("drafts in an export", "posts.read.own", None, 200),
    rule(
        "change of a draft",
        "posts.read.own",
        Some(("PATCH", "/posts/{draft}")),
        404,
    ),
    rule(
        "hidden comment",
        "comments.read.own",
        Some(("GET", "/comments/{hidden}")),
        404,
    ),
    rule(
        "comment on one's post",
        "comments.delete.own",
        Some(("DELETE", "/comments/{comment}")),
        403,
    ),
    rule("the same in a bulk", "comments.delete.own", None, 403),
    rule("private fields", "users.read.own", None, 200),
    rule("private fields in a list", "users.read.own", None, 200),
    rule("account", "users.read.own", None, 200),
    rule(
        "roles",
        "users.read.own",
        Some(("GET", "/users/{ada}/roles")),
        403,
    ),
];

impl Scene {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let (ada, bob) = (app.member("ada").await, app.member("bob").await);
        let root = app.superuser("root").await;
        let draft = json!({ "title": "Draft", "content": "…" });
        let draft = ada.post("/posts", draft).await.expect_status(201).id();
        let others = bob.publish("Hidden").await.id();
        let hidden = ada.comment(others, "…").await.id();
        let back = json!({ "status": "draft" });
        bob.patch(format!("/posts/{others}"), back)
            .await
            .expect_status(200);
        Self {
            draft,
            post: ada.publish("Public").await.id(),
            hidden,
            app,
            ada,
            bob,
            root,
        }
    }

    /// Sends the request of a rule. Returns whether the key got what only the owner gets, and the answer.
    async fn send(&self, rule: Rule, key: &Client, comment: i64) -> (bool, Reply) {
        let is_in_page = |reply: &Reply, id: i64| reply.status == 200 && reply.ids().contains(&id);
        let has_email = |user: &Value| user["email"] == "ada@example.org";
        let me = self.ada.id;
        let by_status = |reply: Reply| (reply.status < 300, reply);
        match rule.name {
            "draft" => by_status(key.get(format!("/posts/{}", self.draft)).await),
            "drafts in a list" => {
                let reply = key.get("/posts?status=draft").await;
                (is_in_page(&reply, self.draft), reply)
            }
            "drafts of a user" => {
                let reply = key.get(format!("/users/{me}/posts?status=draft")).await;
                (is_in_page(&reply, self.draft), reply)
            }
            "drafts in stats" => {
                let reply = key.get("/posts/stats?count&status=draft").await;
                (reply.body["data"][0]["count"] != 0, reply)
            }
            "drafts in an export" => {
                let reply = key.get("/posts/export?status=draft").await;
                (!reply.text.is_empty(), reply)
            }
            "change of a draft" => {
                let patch = json!({ "summary": format!("{comment}") });
                by_status(key.patch(format!("/posts/{}", self.draft), patch).await)
            }
            "hidden comment" => by_status(key.get(format!("/comments/{}", self.hidden)).await),
            "comment on one's post" => by_status(key.delete(format!("/comments/{comment}")).await),
            "the same in a bulk" => {
                let bulk = json!({ "operations": [{ "op": "delete", "id": comment }] });
                by_status(key.post("/comments/bulk", bulk).await)
            }
            "private fields" => {
                let reply = key.get(format!("/users/{me}")).await;
                (has_email(&reply.body), reply)
            }
            "private fields in a list" => {
                let reply = key.get("/users?username=ada").await;
                (has_email(&reply.body["data"][0]), reply)
            }
            "account" => {
                let reply = key.get("/auth/me").await;
                let has_account = ["has_totp", "email_verified", "pending_email"]
                    .map(|field| reply.body.get(field).is_some());
                assert!(has_account.iter().all(|has| *has == has_account[0]));
                assert_eq!(has_email(&reply.body), has_account[0]);
                (has_account[0], reply)
            }
            _ => by_status(key.get(format!("/users/{me}/roles")).await),
        }
    }

    async fn explained(&self, rule: Rule, comment: i64, scopes: &[&str]) -> Option<Value> {
        let (method, path) = rule.route?;
        let path = path
            .replace("{draft}", &self.draft.to_string())
            .replace("{hidden}", &self.hidden.to_string())
            .replace("{comment}", &comment.to_string())
            .replace("{ada}", &self.ada.id.to_string());
        let (me, scopes) = (self.ada.id, scopes.join(","));
        let question = format!(
            "/auth/explain?method={method}&path=/api/v1{path}&user_id={me}&scopes={scopes}"
        );
        Some(self.root.get(question).await.expect_status(200).body)
    }
}

#[actix_web::test]
async fn a_key_needs_a_scope_for_the_own_rows_of_its_owner() {
    let scene = Scene::new().await;

    for rule in RULES {
        let lacks: Vec<_> = ALL
            .into_iter()
            .filter(|scope| *scope != rule.scope)
            .collect();
        // A change of a row needs its own scope beside the one that shows the row.
        let enough: &[&str] = match rule.name {
            "change of a draft" => &["posts.read.own", "posts.update.own"],
            _ => &[rule.scope],
        };
        for (scopes, allowed) in [(lacks.as_slice(), false), (enough, true)] {
            let comment = scene.bob.comment(scene.post, "…").await.id();
            let said = scene.explained(rule, comment, scopes).await;
            let key = scene.ada.with_key(scopes).await;

            let (is_allowed, reply) = scene.send(rule, &key, comment).await;

            let about = format!(
                "{} by {scopes:?}: {} {}",
                rule.name, reply.status, reply.text
            );
            assert_eq!(is_allowed, allowed, "{about}");
            if !allowed {
                assert_eq!(reply.status, rule.refused, "{about}");
            }
            if let Some(said) = said {
                assert_eq!(said["allowed"], allowed, "{about}, but {said}");
                if !allowed {
                    assert_eq!(said["status"], rule.refused, "{about}, but {said}");
                    assert_eq!(said["rule"], "scope", "{said}");
                    assert_eq!(said["missing"][0]["permission"], rule.scope, "{said}");
                }
            }
            revoke_all(&scene.ada).await;
        }
        // A session needs no permission for this.
        let comment = scene.bob.comment(scene.post, "…").await.id();
        let (is_allowed, reply) = scene.send(rule, &scene.ada, comment).await;
        assert!(is_allowed, "{}: {}", rule.name, reply.text);
    }
    drop(scene.app);
}

/// Revokes all keys, because a user can have a hundred at most.
async fn revoke_all(client: &Client) {
    let keys = client.get("/auth/api-keys").await.expect_status(200);
    for key in keys.body["data"].as_array().unwrap() {
        let path = format!("/auth/api-keys/{}", key["id"]);
        client.delete(path).await.expect_status(204);
    }
}

#[actix_web::test]
async fn explain_says_that_a_key_cannot_manage_the_account() {
    let app = TestApp::new().await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    let ask = async |more: &str| {
        let path = "/auth/explain?method=GET&path=/api/v1/auth/sessions";
        root.get(format!("{path}{more}")).await
    };

    let said = ask(&format!("&user_id={}&scopes=posts.*,users.read", ada.id)).await;

    let said = said.expect_status(200).body;
    assert_eq!(said["allowed"], false);
    assert_eq!(said["rule"], "scope");
    assert_eq!(said["missing"], json!([]));
    for refused in [
        "&scopes=posts.read".to_owned(),
        format!("&user_id={}&scopes=posts.fly", ada.id),
    ] {
        ask(&refused)
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("scopes");
    }
}

/// Beyond the permissions of its owner, a key can only have the rights that owners have without a permission.
#[actix_web::test]
async fn a_key_can_have_the_rights_of_owners_and_no_more() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let new = |scopes: &[&str]| json!({ "name": "Key", "scopes": scopes });

    for scope in ["posts.read.own", "comments.read.own", "users.read.own"] {
        let made = ada.post("/auth/api-keys", new(&[scope])).await;
        made.expect_status(201);
    }
    for scope in [
        "posts.read",
        "posts.purge.own",
        "users.audit.own",
        "roles.read",
    ] {
        ada.post("/auth/api-keys", new(&[scope]))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/scopes/0");
    }
    let key = ada.with_key(&["posts.read.own", "posts.create.own"]).await;
    let me = key.get("/auth/me").await.expect_status(200);
    assert_eq!(
        me.body["permissions"],
        json!(["posts.create.own", "posts.read.own"])
    );
}
