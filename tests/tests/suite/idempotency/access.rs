//! A kept answer is given only to credentials of its user that still allow the operation.
use reqwest::Method;
use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json, sql};

use super::{create, hello_post, is_replayed, send};

/// A request, and the permission that it needs.
struct Case {
    method: Method,
    path: String,
    body: Value,
    /// The scope that an API key needs for it.
    scopes: &'static [&'static str],
}

impl Case {
    async fn send(&self, who: &Client) -> Reply {
        let key = format!("{} {}", self.method, self.path);
        send(
            who,
            &key,
            self.method.clone(),
            &self.path,
            self.body.clone(),
        )
        .await
    }
}

/// Scopes that allow nearly every route, but no rows of another user.
const NARROW: [&str; 16] = [
    "posts.create.own",
    "posts.update.own",
    "posts.delete.own",
    "posts.restore.own",
    "posts.purge.own",
    "posts.audit.own",
    "comments.create.own",
    "comments.update.own",
    "comments.restore.own",
    "comments.purge.own",
    "comments.audit.own",
    "users.update.own",
    "users.delete.own",
    "users.audit.own",
    "users.read.own",
    "roles.read",
];

/// Scopes that cover the permissions of a member, and the one to assign roles.
const ASSIGN: &[&str] = &["roles.assign", "posts.*", "comments.*", "users.*"];

/// Returns a request, without a body if it is null.
fn case(method: Method, path: impl Into<String>, body: Value, scopes: &'static [&str]) -> Case {
    let path = path.into();
    Case {
        method,
        path,
        body,
        scopes,
    }
}

/// Returns one request of each kind, on posts and comments of another user.
async fn post_cases(root: &Client) -> Vec<Case> {
    let mut posts = Vec::new();
    for number in 0..8 {
        posts.push(root.publish(&format!("Post {number}")).await.id());
    }
    let at = |number: usize, action: &str| format!("/posts/{}{action}", posts[number]);
    for number in [2, 3] {
        root.delete(at(number, "")).await.expect_status(204);
    }
    let title = json!({ "title": "New" });
    root.patch(at(4, ""), title).await.expect_status(200);
    let edited = root.comment(posts[7], "…").await.id();
    let gone = root.comment(posts[7], "…").await.id();
    let new = json!({ "title": "Theirs", "content": "…", "author_id": root.id });
    let bulk = json!({ "operations": [
        { "op": "create", "data": new },
        { "op": "update", "id": posts[5], "data": { "title": "?" } },
        { "op": "delete", "id": posts[6] },
    ] });
    let reply = json!({ "body": "…", "author_id": root.id });
    let (first, version, edit) = (
        json!({ "title": "!" }),
        json!({ "version": 1 }),
        json!({ "body": "!" }),
    );
    let none = Value::Null;
    let revert = &["posts.update", "posts.audit"];
    let edited = format!("/comments/{edited}");
    let gone = format!("/comments/{gone}");
    vec![
        case(Method::POST, "/posts", new, &["posts.create", "posts.read"]),
        case(Method::PATCH, at(0, ""), first, &["posts.update"]),
        case(Method::DELETE, at(1, ""), none.clone(), &["posts.delete"]),
        case(
            Method::POST,
            at(2, "/restore"),
            none.clone(),
            &["posts.restore"],
        ),
        case(
            Method::POST,
            at(3, "/purge"),
            none.clone(),
            &["posts.purge"],
        ),
        case(Method::POST, at(4, "/revert"), version, revert),
        case(Method::POST, "/posts/bulk", bulk, &["posts.*"]),
        case(
            Method::POST,
            at(7, "/comments"),
            reply,
            &["comments.create"],
        ),
        case(Method::PATCH, edited, edit, &["comments.update"]),
        case(Method::DELETE, gone, none, &["comments.delete"]),
    ]
}

/// This holds for users and roles, too.
async fn user_cases(root: &Client) -> Vec<Case> {
    let mut roles = Vec::new();
    for name in ["given", "taken", "changed"] {
        let role = json!({ "name": name, "permissions": [] });
        roles.push(root.post("/roles", role).await.expect_status(201).id());
    }
    let user = |name: &str| {
        let email = format!("{name}@example.org");
        json!({ "username": name, "email": email, "password": PASSWORD })
    };
    let bob = root
        .post("/users", user("bob"))
        .await
        .expect_status(201)
        .id();
    let assignment = |role: usize| format!("/users/{bob}/roles/{}", roles[role]);
    root.put(assignment(1)).await.expect_status(204);
    let role = format!("/roles/{}", roles[2]);
    let bio = json!({ "bio": "!" });
    let description = json!({ "description": "!" });
    let create = &["users.create", "users.read"];
    let none = Value::Null;
    vec![
        case(Method::PATCH, format!("/users/{bob}"), bio, ASSIGN),
        case(Method::POST, "/users", user("eve"), create),
        case(
            Method::PATCH,
            role,
            description,
            &["roles.update", "roles.read"],
        ),
        case(Method::PUT, assignment(0), none.clone(), ASSIGN),
        case(Method::DELETE, assignment(1), none, ASSIGN),
    ]
}

/// The token of a new sign-in, and a refreshed one.
async fn other_sessions(app: &TestApp, who: &Client, name: &str) -> [Client; 2] {
    let credentials = json!({ "login": name, "password": PASSWORD });
    let sign_in = app.anonymous().post("/auth/login", credentials).await;
    let sign_in = sign_in.expect_status(200).body;
    let token = |of: &Value| who.with_token(of["token"].as_str().unwrap());
    let refresh = json!({ "refresh_token": sign_in["refresh_token"] });
    let refreshed = app.anonymous().post("/auth/refresh", refresh).await;
    let newer = app.anonymous().login(name, PASSWORD).await;
    [
        token(&refreshed.expect_status(200).body),
        who.with_token(&newer),
    ]
}

#[actix_web::test]
async fn an_answer_is_replayed_only_to_a_credential_with_the_permission() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ed = app.with_permissions("eddy", &["*"]).await;
    let mut cases = post_cases(&root).await;
    cases.extend(user_cases(&root).await);
    for case in &cases {
        let first = case.send(&ed).await;
        assert!(
            first.status < 300 && !is_replayed(&first),
            "{} {}: {}",
            case.method,
            case.path,
            first.text
        );
    }
    let written = "SELECT count(*) FROM audit_entries WHERE resource <> 'api_keys' AND action NOT LIKE 'key%' \
        AND action <> 'signed_in'";
    let before = sql::number(&app.kernel, written).await;

    let narrow = ed.with_key(&NARROW).await;
    let mut able = other_sessions(&app, &ed, "eddy").await.to_vec();
    able.push(ed.clone());
    for case in &cases {
        let what = format!("{} {}", case.method, case.path);
        for who in able.iter().chain([&ed.with_key(case.scopes).await]) {
            let again = case.send(who).await;
            assert!(
                again.status < 300 && is_replayed(&again),
                "{what}: {}",
                again.text
            );
        }
        let refused = case.send(&narrow).await;
        assert!(
            [403, 404].contains(&refused.status),
            "{what}: {} {}",
            refused.status,
            refused.text
        );
    }
    let role = root.get("/roles?name=of-eddy").await.ids()[0];
    root.delete(format!("/users/{}/roles/{role}", ed.id))
        .await
        .expect_status(204);
    for case in &cases {
        let refused = case.send(&ed).await;
        assert!(
            [403, 404].contains(&refused.status),
            "{} {}: {}",
            case.method,
            case.path,
            refused.text
        );
    }

    // The removed role is the only change.
    assert_eq!(sql::number(&app.kernel, written).await, before + 1);
}

#[actix_web::test]
async fn a_draft_is_not_shown_to_a_key_that_may_not_write_posts() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let draft = json!({ "title": "Draft", "content": "…" });
    create(&ada, "k1", draft.clone()).await.expect_status(201);

    let key = ada.with_key(&["users.read.own"]).await;

    create(&key, "k1", draft)
        .await
        .expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_narrower_credential_gets_a_replay_without_private_fields() {
    let app = TestApp::new().await;
    let held = ["users.*", "posts.*", "comments.*"];
    let admin = app.with_permissions("admin", &held).await;
    let bob = app.user("bob", false, &[]).await;
    let path = format!("/users/{bob}");
    let bio = || json!({ "bio": "Hello" });
    let patch = async |who: &Client| send(who, "one", Method::PATCH, &path, bio()).await;
    let full = patch(&admin).await.expect_status(200);
    assert!(full.body["email"].is_string());

    // The scopes are all permissions of bob, except reading users.
    let scopes = [
        "users.update",
        "users.delete",
        "users.read.own",
        "posts.*",
        "comments.*",
    ];
    let key = admin.with_key(&scopes).await;
    let seen = patch(&key).await.expect_status(200);

    for field in ["email", "is_superuser", "roles", "last_login_at"] {
        assert!(seen.body.get(field).is_none(), "{}", seen.text);
    }
    assert_eq!(
        (seen.header("etag"), &seen.body["bio"]),
        ("\"2p\"", &json!("Hello"))
    );
    assert_eq!(patch(&admin).await.text, full.text);
}

#[actix_web::test]
async fn an_answer_about_a_row_that_is_no_longer_visible_is_not_replayed() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ed = app.with_permissions("eddy", &["posts.update"]).await;
    let post = root.publish("Hello").await;
    let title = || json!({ "title": "Edited" });
    let comments = format!("{}/comments", post.url());
    let comment = async || send(&ed, "two", Method::POST, &comments, json!({ "body": "…" })).await;
    send(&ed, "one", Method::PATCH, post.url(), title())
        .await
        .expect_status(200);
    comment().await.expect_status(201);

    root.patch(post.url(), json!({ "status": "draft" }))
        .await
        .expect_status(200);

    send(&ed, "one", Method::PATCH, post.url(), title())
        .await
        .expect_problem(404, "not_found");
    comment().await.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn the_answer_of_a_deletion_is_replayed_whatever_happens_to_the_row() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let post = create(&ada, "new", hello_post()).await.expect_status(201);
    let delete =
        async |who: &Client| send(who, "old", Method::DELETE, post.url(), Value::Null).await;
    delete(&ada).await.expect_status(204);
    let reader = ada.with_key(&["posts.create.own"]).await;

    assert!(is_replayed(&delete(&ada).await.expect_status(204)));
    // The caller sees their own deleted row, so its answer is replayed.
    assert!(is_replayed(
        &create(&ada, "new", hello_post()).await.expect_status(201)
    ));
    root.act(format!("{}/purge", post.url()))
        .await
        .expect_status(204);
    assert!(is_replayed(&delete(&ada).await.expect_status(204)));
    delete(&reader).await.expect_status(403);
    create(&ada, "new", hello_post())
        .await
        .expect_problem(404, "not_found");
}

/// A replay checks the permission for the body, not only for the route.
#[actix_web::test]
async fn a_change_of_a_field_is_not_replayed_to_a_key_that_may_not_set_it() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let bob = app.user("bob", false, &[]).await;
    let path = format!("/users/{bob}");
    let grant = || json!({ "is_superuser": false, "is_active": false });
    let patch = async |who: &Client| send(who, "one", Method::PATCH, &path, grant()).await;
    patch(&root).await.expect_status(200);

    let key = root.with_key(&["users.*", "posts.*", "comments.*"]).await;
    assert!(is_replayed(&patch(&root).await.expect_status(200)));
    assert!(is_replayed(&patch(&key).await.expect_status(200)));

    let role = || json!({ "name": "auditor", "permissions": ["audit.read"] });
    let make = async |who: &Client| send(who, "two", Method::POST, "/roles", role()).await;
    make(&root).await.expect_status(201);
    let lacking = root.with_key(&["roles.*"]).await;
    let holding = root.with_key(&["roles.*", "audit.read"]).await;
    make(&lacking).await.expect_status(403);
    assert!(is_replayed(&make(&holding).await.expect_status(201)));
}

/// A request does not set a field that already had the value.
#[actix_web::test]
async fn a_replay_needs_no_permission_for_an_unchanged_field() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let path = format!("/users/{}", ada.id);
    let body = || json!({ "is_active": true, "bio": "Hello" });
    let patch = async || send(&ada, "one", Method::PATCH, &path, body()).await;

    patch().await.expect_status(200);

    assert!(is_replayed(&patch().await.expect_status(200)));
}
