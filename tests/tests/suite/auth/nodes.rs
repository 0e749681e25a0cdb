//! Two servers on one database, which remember their callers.
use std::time::Duration;

use tests::{Backend, Client, PASSWORD, TestApp, json, process::eventually};

/// Longer than any test waits, so an entry leaves the cache only because of a notice.
pub const LIFETIME: Duration = Duration::from_hours(1);

/// This row does not exist: a signed-in caller gets 404, so the only query looks up the caller.
pub const CHEAP: &str = "/auth/cookie";

pub async fn remembering(url: &str, backend: Backend) -> TestApp {
    let remember = |knobs: &mut tests::Knobs| knobs.service.auth.cache_lifetime = LIFETIME;
    TestApp::at(url, backend, remember).await
}

/// Waits until the server answers a request of this client without a statement.
pub async fn is_remembered(app: &TestApp, client: &Client) {
    eventually("a caller is remembered", async || {
        app.statements.take();
        let reply = client.get(CHEAP).await;
        (reply.status == 404 && app.statements.take().is_empty()).then_some(())
    })
    .await;
}

/// Checks that a server forgets a caller whom the other server has changed.
pub async fn a_change_invalidates_the_cached_caller(url: &str, backend: Backend) {
    let (here, there) = (
        remembering(url, backend).await,
        remembering(url, backend).await,
    );
    let root = here.superuser("root").await;
    let elsewhere =
        |client: &Client| Client::new(there.address, Some(client.token().to_owned()), client.id);
    let users = |client: &Client| format!("/users/{}", client.id);
    let editor = here.user("somebody", false, &[]).await;
    let role = root.get("/roles?name=editor").await.ids()[0];

    let cases: [(&str, u16); 8] = [
        ("logout", 401),
        ("sessions", 401),
        ("password", 401),
        ("deactivated", 401),
        ("managed", 401),
        ("deleted", 401),
        ("role", 403),
        ("permissions", 403),
    ];
    for (case, expected) in cases {
        let ada = here.editor(case).await;
        let path = if expected == 403 {
            format!("/users/{editor}/roles")
        } else {
            "/auth/me".to_owned()
        };
        is_remembered(&here, &ada).await;
        is_remembered(&there, &elsewhere(&ada)).await;
        elsewhere(&ada).get(&path).await.expect_status(200);

        match case {
            "logout" => drop(ada.act("/auth/logout").await.expect_status(204)),
            "sessions" => drop(ada.delete("/auth/sessions").await.expect_status(204)),
            "password" => {
                let other = ada.with_token(&here.anonymous().login(case, PASSWORD).await);
                let change =
                    json!({ "current_password": PASSWORD, "new_password": "Tr0ub4dour and more" });
                other
                    .post("/auth/password", change)
                    .await
                    .expect_status(204);
            }
            "deactivated" => {
                let off = json!({ "is_active": false });
                root.patch(users(&ada), off).await.expect_status(200);
            }
            "managed" => {
                let sessions = format!("{}/sessions", users(&ada));
                root.delete(sessions).await.expect_status(204);
            }
            "deleted" => drop(root.delete(users(&ada)).await.expect_status(204)),
            "role" => {
                let editors = format!("{}/roles/{role}", users(&ada));
                root.delete(editors).await.expect_status(204);
            }
            _ => {
                let none = json!({ "permissions": ["posts.read"] });
                root.patch(format!("/roles/{role}"), none)
                    .await
                    .expect_status(200);
            }
        }

        ada.get(&path).await.expect_status(expected);
        eventually(case, async || {
            let status = elsewhere(&ada).get(&path).await.status;
            (status == expected).then_some(())
        })
        .await;
    }
}
