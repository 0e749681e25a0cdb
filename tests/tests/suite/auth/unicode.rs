//! A password is the same in every Unicode form in which a keyboard may write it.
use tests::{TestApp, json};

use super::login;

/// The same text with each `é` as one code point and as two.
const COMPOSED: &str = "caf\u{e9} wagenrad zw\u{f6}lf";
const DECOMPOSED: &str = "cafe\u{301} wagenrad zwo\u{308}lf";

#[actix_web::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();

    for (name, password, again) in [("ada", COMPOSED, DECOMPOSED), ("bob", DECOMPOSED, COMPOSED)] {
        let email = format!("{name}@example.org");
        let account = json!({ "username": name, "email": email, "password": password });
        anyone
            .post("/auth/register", account)
            .await
            .expect_status(201);

        let reply = login(&anyone, name, again).await.expect_status(200);

        let user = anyone.with_token(reply.body["token"].as_str().unwrap());
        let change =
            json!({ "current_password": password, "new_password": "something e\u{301}lse here" });
        user.post("/auth/password", change).await.expect_status(204);
        login(&anyone, name, "something \u{e9}lse here")
            .await
            .expect_status(200);
        login(&anyone, name, "something else here")
            .await
            .expect_status(401);
    }
}

/// A letter and its accent are one character.
#[actix_web::test]
async fn lengths_count_after_composing() {
    let app = TestApp::new().await;
    let accents = [
        "e\u{301}", "a\u{300}", "o\u{308}", "u\u{302}", "n\u{303}", "i\u{307}",
    ];
    let plain = ["q", "v", "k", "x", "b", "g", "w", "p", "f", "m", "t"];
    let letter = |place: usize| [accents[place * place % 6], plain[place * place % 11]].concat();
    let long: String = (0..64).map(letter).collect();
    assert!(long.chars().count() > 128);
    let account = |name: &str, password: &str| json!({ "username": name, "email": format!("{name}@example.org"), "password": password });
    let register = async |name: &str, password: &str| {
        let account = account(name, password);
        app.anonymous().post("/auth/register", account).await
    };

    register("ada", &long).await.expect_status(201);
    login(&app.anonymous(), "ada", &long)
        .await
        .expect_status(200);
    register("bob", &format!("{long}x"))
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/password");
    // Eight code points, seven characters.
    let short = register("eve", "xK9#mQe\u{301}").await;
    let short = short.expect_problem(422, "validation_failed");
    assert_eq!(short.body["errors"][0]["code"], "too_short");
}

/// The user's data is compared in the same form.
#[actix_web::test]
async fn a_name_in_a_password_is_found_however_it_is_composed() {
    let app = TestApp::new().await;
    let account = json!({
        "username": "ada", "email": "ada@example.org", "full_name": "Zoe\u{308} Le\u{301}vesque",
        "password": "l\u{e9}vesque",
    });

    let refused = app.anonymous().post("/auth/register", account).await;

    let refused = refused.expect_problem(422, "validation_failed");
    assert_eq!(refused.body["errors"][0]["code"], "too_guessable");
}
