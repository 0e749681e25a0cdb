//! The cost of a sign-in, and how passwords are stored (contract §9).
use entity::users::Model;
use futures_util::future::join;
use kernel::Actor;
use secrecy::SecretString;
use service::{
    identity::{Identity, Settings},
    password::Hasher,
    users::by_username,
};
use tests::{PASSWORD, TestApp, json, process::eventually, sql};

use super::login;

fn pepper(name: &str) -> SecretString {
    format!("{name}, and so on for 32 characters or more").into()
}

/// Cheaper than the configuration allows.
fn cheap() -> Settings {
    Settings {
        hash_memory: 64,
        hash_passes: 1,
        ..Settings::default()
    }
}

/// Starts a server whose hashes have this cost.
async fn app(memory: u32, passes: u32) -> TestApp {
    let change = |auth: &mut Settings| {
        auth.hash_memory = memory;
        auth.hash_passes = passes;
        auth.pepper = Some(pepper("new"));
        auth.old_peppers = vec![pepper("old"), pepper("older")];
    };
    TestApp::with(|with| change(&mut with.service.auth)).await
}

async fn stored(app: &TestApp, name: &str) -> Model {
    by_username(&app.kernel.session(Actor::System), name)
        .await
        .unwrap()
}

/// Creates a user whose password was hashed with these settings.
async fn user(app: &TestApp, name: &str, settings: &Settings) -> Model {
    app.user(name, false, &[]).await;
    let hash = Hasher::start(settings).hash(PASSWORD.into()).await.unwrap();
    let set = format!("UPDATE users SET password_hash = '{hash}' WHERE username = '{name}'");
    sql::run(&app.kernel, &set).await;
    stored(app, name).await
}

/// Waits until the next sign-in is about to rehash a password.
async fn rehashing(app: &TestApp, since: u64) {
    eventually("a password is hashed anew", async || {
        (app.kernel.state::<Identity>().hasher.taken() >= since + 2).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_refused_sign_in_hashes_once_whatever_the_reason() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (inactive, deleted) = (
        app.user("inactive", false, &[]).await,
        app.user("deleted", false, &[]).await,
    );
    app.user("ada", false, &[]).await;
    root.patch(format!("/users/{inactive}"), json!({ "is_active": false }))
        .await
        .expect_status(200);
    root.delete(format!("/users/{deleted}"))
        .await
        .expect_status(204);

    let mut answers = Vec::new();
    for (name, password) in [
        ("ada", "wrong password"),
        ("ada", "x"),
        ("ada@example.org", "wrong password"),
        ("nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("inactive", PASSWORD),
        ("inactive", "wrong password"),
        ("deleted", PASSWORD),
        ("deleted@example.org", "wrong password"),
    ] {
        let before = app.kernel.state::<Identity>().hasher.taken();
        let reply = login(&app.anonymous(), name, password).await;
        let hashed = app.kernel.state::<Identity>().hasher.taken() - before;
        let mut headers = reply.headers.clone();
        let id = headers.remove("x-request-id").unwrap();
        headers.remove("date");
        assert_eq!((reply.status, hashed), (401, 1), "{name}: {}", reply.text);
        let text = reply.text.replace(id.to_str().unwrap(), "");
        let mut headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        // Only the right password reveals that an account is deactivated.
        if (name, password) != ("inactive", PASSWORD) {
            answers.push((text, headers));
        }
    }

    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[actix_web::test]
async fn a_sign_in_makes_a_hash_anew_that_was_cheap_and_changes_nothing_else() {
    let app = app(256, 2).await;
    let before = user(&app, "ada", &cheap()).await;

    login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(200);

    let after = stored(&app, "ada").await;
    let hash = &after.password_hash;
    assert!(hash.contains("$m=256,t=2,p=1,keyid="), "{hash}");
    let hashed = app.kernel.state::<Identity>().hasher.taken();
    login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(200);
    assert_eq!(app.kernel.state::<Identity>().hasher.taken(), hashed + 1);
    let unchanged = Model {
        password_hash: before.password_hash.clone(),
        ..after
    };
    assert_eq!(unchanged, before);
}

#[actix_web::test]
async fn a_failed_sign_in_changes_no_hash() {
    let app = app(256, 2).await;
    let before = user(&app, "ada", &cheap()).await;

    login(&app.anonymous(), "ada", "wrong password")
        .await
        .expect_status(401);
    let off = "UPDATE users SET is_active = false WHERE username = 'ada'";
    sql::run(&app.kernel, off).await;
    login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(401);

    let after = stored(&app, "ada").await;
    assert_eq!(after.password_hash, before.password_hash);
}

#[actix_web::test]
async fn a_password_follows_the_pepper_at_the_next_sign_in() {
    let app = app(64, 1).await;
    let with = |name: &str| Settings {
        pepper: Some(pepper(name)),
        ..cheap()
    };
    let new = user(&app, "new", &with("new")).await.password_hash;
    let name = |hash: &str| {
        let keyid = hash.split_once("keyid=").unwrap().1;
        keyid.split('$').next().unwrap().to_owned()
    };
    user(&app, "old", &with("old")).await;
    user(&app, "older", &with("older")).await;
    user(&app, "none", &cheap()).await;
    user(&app, "lost", &with("lost")).await;

    for who in ["new", "old", "older", "none"] {
        login(&app.anonymous(), who, PASSWORD)
            .await
            .expect_status(200);

        let hash = stored(&app, who).await.password_hash;
        assert_eq!(name(&hash), name(&new), "{who}");
        assert_eq!(who == "new", hash == new, "{who}");
        login(&app.anonymous(), who, PASSWORD)
            .await
            .expect_status(200);
    }
    login(&app.anonymous(), "lost", PASSWORD)
        .await
        .expect_problem(401, "unauthenticated");
}

/// The value of the pepper matters, not only its name: the same string with another pepper is another password.
#[actix_web::test]
async fn a_hash_with_a_pepper_is_nothing_without_it() {
    let with = Hasher::start(&Settings {
        pepper: Some(pepper("new")),
        ..cheap()
    });
    let hash = with.hash(PASSWORD.into()).await.unwrap();
    let keyid = hash.find(",keyid=").unwrap();
    let end = keyid + hash[keyid..].find('$').unwrap();
    let plain = hash[..keyid].to_owned() + &hash[end..];

    assert!(
        with.verify(PASSWORD.into(), Some(hash.clone()))
            .await
            .unwrap()
    );
    let without = Hasher::start(&cheap());
    assert!(!without.verify(PASSWORD.into(), Some(hash)).await.unwrap());
    assert!(!without.verify(PASSWORD.into(), Some(plain)).await.unwrap());
}

#[actix_web::test]
async fn a_password_that_is_set_during_a_rehash_stays() {
    let app = app(128 * 1024, 3).await;
    user(&app, "ada", &cheap()).await;
    let anyone = app.anonymous();

    let set = async {
        rehashing(&app, 0).await;
        sql::run(&app.kernel, "UPDATE users SET password_hash = 'another'").await;
    };
    let (signed_in, ()) = join(login(&anyone, "ada", PASSWORD), set).await;

    signed_in.expect_status(200);
    assert_eq!(stored(&app, "ada").await.password_hash, "another");
}

/// The stored hash changes while sign-ins verify the old one; the password stays the same.
#[actix_web::test]
async fn a_rehash_blocks_no_other_request() {
    let app = app(128 * 1024, 3).await;
    user(&app, "ada", &cheap()).await;
    let anyone = app.anonymous();

    let again = async {
        rehashing(&app, 0).await;
        login(&anyone, "ada", PASSWORD).await
    };
    let (first, second) = join(login(&anyone, "ada", PASSWORD), again).await;

    first.expect_status(200);
    second.expect_status(200);
}

#[actix_web::test]
async fn a_password_can_be_changed_during_its_rehash() {
    let app = app(128 * 1024, 3).await;
    let ada = app.member("ada").await;
    let hash = user(&app, "bob", &cheap()).await.password_hash;
    let copy = format!("UPDATE users SET password_hash = '{hash}' WHERE username = 'ada'");
    sql::run(&app.kernel, &copy).await;
    let (anyone, since) = (
        app.anonymous(),
        app.kernel.state::<Identity>().hasher.taken(),
    );

    let change = async {
        rehashing(&app, since).await;
        let change = json!({ "current_password": PASSWORD, "new_password": "another password" });
        ada.post("/auth/password", change).await
    };
    let (signed_in, changed) = join(login(&anyone, "ada", PASSWORD), change).await;

    signed_in.expect_status(200);
    changed.expect_status(204);
    login(&anyone, "ada", "another password")
        .await
        .expect_status(200);
}
