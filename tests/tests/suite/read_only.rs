//! Read-only mode: its reasons, what goes on meanwhile, and how it ends. `routes/read_only.rs` has the sweep over all routes.
mod on_postgres;
mod process;

use actix_web::rt;
use kernel::{Actor, Error, error::ReadOnly, mode};
use reqwest::Method;
use serde_json::Value;
use tests::{Backend, Client, PASSWORD, Reply, Service, TestApp, json, process::eventually};

async fn switch(client: &Client, mode: &str) -> Reply {
    let request = client.request(Method::PUT, "/system/mode");
    Reply::send(request.json(&json!({ "mode": mode }))).await
}

async fn write(client: &Client) -> Reply {
    let post = json!({ "title": "Hello", "content": "…" });
    client.post("/posts", post).await
}

/// Returns the codes of the reasons.
fn reasons(mode: &Value) -> Vec<&str> {
    let reasons = mode["reasons"].as_array().unwrap().iter();
    reasons.map(|it| it["code"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn an_operator_switches_the_mode_by_the_route() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let operator = app
        .with_permissions("operator", &["system.read", "system.write"])
        .await;
    let reader = app.with_permissions("reader", &["system.read"]).await;

    switch(&reader, "read_only")
        .await
        .expect_problem(403, "forbidden");
    switch(&operator, "off")
        .await
        .expect_problem(422, "validation_failed");
    let switched = switch(&operator, "read_only").await.expect_status(200);

    assert_eq!(switched.body["mode"], "read_only");
    let shown = reader.get("/system/mode").await.expect_status(200);
    assert_eq!(shown.body, switched.body);
    assert_eq!(reasons(&shown.body), ["switched"]);
    assert_eq!(reader.get("/system").await.body["mode"], shown.body);
    let refused = write(&ada).await.expect_problem(503, "read_only");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("an administrator made all servers read-only"),
        "{detail}"
    );
    let ready = app.anonymous().get("//readyz").await.expect_status(200);
    assert_eq!(ready.body["mode"], "read_only");
    let for_writes = app.anonymous().get("//readyz/writes").await;
    for_writes.expect_problem(503, "read_only");

    let back = switch(&operator, "read_write").await.expect_status(200);
    assert_eq!(back.body, json!({ "mode": "read_write", "reasons": [] }));
    write(&ada).await.expect_status(201);
    app.anonymous()
        .get("//readyz/writes")
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn tokens_stay_valid_and_no_sign_in_is_accepted() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let key = ada.with_key(&["posts.create.own"]).await;
    let login = || json!({ "login": "ada", "password": PASSWORD });
    let tokens = app.anonymous().post("/auth/login", login()).await.body;
    let refresh = || json!({ "refresh_token": tokens["refresh_token"] });
    let fresh = ada.with_token(tokens["token"].as_str().unwrap());

    app.kernel.database.set_read_only(ReadOnly::Signalled, true);
    let wrong = json!({ "login": "ada", "password": "wrong horse battery" });
    for (path, body) in [
        ("/auth/login", login()),
        ("/auth/login", wrong),
        ("/auth/refresh", refresh()),
    ] {
        let refused = app.anonymous().post(path, body).await;
        refused.expect_problem(503, "read_only");
    }
    app.statements.take();
    for caller in [&ada, &key, &fresh] {
        caller.get("/posts").await.expect_status(200);
        write(caller).await.expect_problem(503, "read_only");
    }
    // The first use of a token and every use of a key would be stored.
    let mut writes = app.statements.take();
    writes.retain(|sql| !sql.starts_with("SELECT") && !sql.starts_with("PRAGMA"));
    assert_eq!(writes, Vec::<String>::new());

    app.kernel
        .database
        .set_read_only(ReadOnly::Signalled, false);
    let refreshed = app.anonymous().post("/auth/refresh", refresh()).await;
    refreshed.expect_status(200);
    app.anonymous().login("ada", PASSWORD).await;
    write(&ada).await.expect_status(201);
}

#[actix_web::test]
async fn no_transaction_of_the_kernel_begins() {
    let service = Service::new().await;
    service.user("ada").await;

    service
        .kernel
        .database
        .set_read_only(ReadOnly::Switched, true);
    let refused = service.write(async |_| Ok(())).await;
    let sealed = kernel::audit::seal(&service.kernel).await;

    for refused in [refused.map(|()| 0), sealed] {
        let is_read_only = matches!(refused, Err(Error::ReadOnly(ReadOnly::Switched)));
        assert!(is_read_only, "{refused:?}");
    }
    let system = service.kernel.session(Actor::System);
    mode::switch(&system, mode::ServerMode::ReadWrite)
        .await
        .unwrap();
    assert_ne!(kernel::audit::seal(&service.kernel).await.unwrap(), 0);
}

/// Several nodes share the mode, which is also that of a node that starts later.
async fn all_nodes_have_one_mode(backend: Backend) {
    let (url, _place) = backend.fresh().await;
    let (here, there) = (
        TestApp::at(&url, backend, |_| {}).await,
        TestApp::at(&url, backend, |_| {}).await,
    );
    rt::spawn(mode::watch(there.kernel.clone()));
    let root = here.superuser("root").await;
    let elsewhere = Client::new(there.address, Some(root.token().to_owned()), root.id);

    switch(&root, "read_only").await.expect_status(200);
    write(&root).await.expect_problem(503, "read_only");
    eventually("the other node is read-only", async || {
        (write(&elsewhere).await.status == 503).then_some(())
    })
    .await;
    let later = TestApp::at(&url, backend, |_| {}).await;
    mode::load(&later.kernel).await.unwrap();
    let later = Client::new(later.address, Some(root.token().to_owned()), root.id);
    write(&later).await.expect_problem(503, "read_only");

    switch(&root, "read_write").await.expect_status(200);
    write(&root).await.expect_status(201);
    eventually("the other node writes again", async || {
        (write(&elsewhere).await.status == 201).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn the_route_switches_all_nodes_of_a_file() {
    all_nodes_have_one_mode(Backend::File).await;
}
