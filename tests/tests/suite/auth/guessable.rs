//! Passwords that are easy to guess are refused wherever one is set (NIST SP 800-63B-4, section 3.1.1.2).
use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json};

fn account(name: &str, password: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@lovelace.example"), "password": password })
}

async fn register(anyone: &Client, account: Value) -> Reply {
    anyone.post("/auth/register", account).await
}

#[track_caller]
fn expect_refused(reply: Reply, at: &str) {
    let reply = reply.expect_problem(422, "validation_failed");
    let errors = &reply.body["errors"];
    assert_eq!(errors.as_array().unwrap().len(), 1, "{errors}");
    assert_eq!(errors[0]["code"], "too_guessable", "{errors}");
    assert_eq!(errors[0]["pointer"], at, "{errors}");
    let detail = errors[0]["detail"].as_str().unwrap();
    assert!(detail.contains("Use several words"), "{detail}");
}

#[actix_web::test]
async fn what_is_easily_guessed_is_refused_wherever_a_password_is_set() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let weak = account("bob", "password1");

    expect_refused(register(&app.anonymous(), weak.clone()).await, "/password");
    expect_refused(root.post("/users", weak.clone()).await, "/password");
    let operations = json!({ "operations": [
        { "op": "create", "data": account("eve", PASSWORD) },
        { "op": "create", "data": weak },
    ] });
    let reply = root.post("/users/bulk", operations).await;
    expect_refused(reply, "/operations/1/data/password");
    let change = json!({ "current_password": PASSWORD, "new_password": "qwertyuiop" });
    expect_refused(ada.post("/auth/password", change).await, "/new_password");
    let records = format!("{}\n{weak}\n", account("eve", PASSWORD));
    let imported = root.import("/users/import?on_error=skip", records).await;
    let imported = imported.expect_status(200);
    assert_eq!(imported.body["created"], 1, "{}", imported.text);
    let error = &imported.body["errors"][0];
    assert_eq!(
        (&error["line"], &error["code"]),
        (&json!(2), &json!("too_guessable")),
        "{error}"
    );

    let users = root.get("/users?sort=id").await;
    let names: Vec<_> = users.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["username"])
        .collect();
    assert_eq!(names, ["root", "ada", "eve"]);
    app.anonymous().login("ada", PASSWORD).await;
}

#[actix_web::test]
async fn what_is_known_of_the_user_makes_a_password_easy() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();
    let mut count = 0;
    let mut sent = |password: &str| {
        count += 1;
        json!({
            "username": format!("kowalewski.{count}"), "email": format!("sofia{count}@korwin-krukowski.example"),
            "full_name": "Софья Ковалевская", "password": password,
        })
    };

    for password in [
        "kowalewski.1850",
        "Korwin1850",
        "Krukowski!!",
        "Krukowsk1",
        "Ковалевская1",
        "atollatoll1",
        "ikswelawok1",
    ] {
        expect_refused(register(&anyone, sent(password)).await, "/password");
    }
    for password in ["babbage 1850 engine", "ikswe korwin lawok tide"] {
        register(&anyone, sent(password)).await.expect_status(201);
    }
}

/// Limits are checked first and reported together.
#[actix_web::test]
async fn a_password_is_guessed_once_everything_else_is_within_its_limits() {
    let app = TestApp::new().await;

    let bad = json!({ "username": "x", "email": "none", "password": "aaaaaaa" });
    let reply = register(&app.anonymous(), bad).await;

    let reply = reply.expect_problem(422, "validation_failed");
    assert_eq!(reply.places(), ["/email", "/password", "/username"]);
    assert_eq!(
        reply.body["errors"][1]["code"], "too_short",
        "{}",
        reply.text
    );
}

#[actix_web::test]
async fn an_installation_says_how_hard_passwords_must_be_to_guess() {
    let lax = TestApp::with(|with| with.service.auth.min_password_score = 0).await;
    let strict = TestApp::with(|with| with.service.auth.min_password_score = 4).await;

    let weak = register(&lax.anonymous(), account("ada", "password1")).await;
    let fair = register(&strict.anonymous(), account("ada", "another password")).await;
    let strong = register(&strict.anonymous(), account("ada", PASSWORD)).await;

    weak.expect_status(201);
    expect_refused(fair, "/password");
    strong.expect_status(201);
}

/// Symbols with many readings once made the library try thousands of combinations.
#[actix_web::test]
async fn no_password_takes_long_to_judge() {
    let app = TestApp::new().await;
    let symbols = "4@8({[<369&#!1|0$5+7%2".repeat(6);
    let dates = "1/1/1991".repeat(16);
    let letters: String = ('a'..='z').cycle().step_by(7).take(128).collect();

    for (count, password) in [&symbols[..128], &dates, &letters, &"İ".repeat(128)]
        .into_iter()
        .enumerate()
    {
        let reply = register(&app.anonymous(), account(&format!("user{count}"), password)).await;

        assert!(matches!(reply.status, 201 | 422), "{}", reply.text);
    }
}
