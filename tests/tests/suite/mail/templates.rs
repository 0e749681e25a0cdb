//! The built-in templates, and an operator's replacements for them.
use std::fs;

use service::mail::{Mailer, Settings};
use tests::{
    TestApp,
    mail::{Letters, SITE},
};

use super::forgot;

fn with_file(name: &str, text: &str) -> (tempfile::TempDir, Settings, Letters) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let letters = Letters::new();
    let settings = Settings {
        templates: Some(folder.path().to_owned()),
        ..letters.settings()
    };
    (folder, settings, letters)
}

#[actix_web::test]
async fn an_operators_template_replaces_the_one_of_its_name() {
    let text = "Subject: Neues Passwort für {{ username }}\n\n{{ link }}\n";
    let (_folder, settings, letters) = with_file("reset.txt", text);
    let app =
        TestApp::with(|with| with.service.mail = Mailer::start(&settings, SITE).unwrap()).await;
    app.user("ada", false, &[]).await;

    forgot(&app, "ada@example.org").await.expect_status(202);

    let letter = letters.only(&app).await;
    assert!(letter.subject.contains("=?utf-8?"), "{}", letter.subject);
    assert_eq!(letter.token().len(), 54);
    assert!(
        letter.raw.contains("Choose a new password"),
        "the HTML is still the program's"
    );
}

#[test]
fn a_broken_template_is_named_before_anybody_needs_it() {
    for (name, text, word) in [
        ("verify.txt", "Subject: x\n\n{{ link", "verify.txt"),
        ("verify.html", "{{ no_such_thing }}", "verify.html"),
        ("taken.txt", "Subject: x\n\n{{ link }}", "taken.txt"),
        ("reset.txt", "Hello\n\n{{ link }}", "Subject"),
        (
            "new_device.html",
            "{% include 'no_such_file' %}",
            "new_device.html",
        ),
    ] {
        let (_folder, settings, _letters) = with_file(name, text);

        let broken = Mailer::start(&settings, SITE).unwrap_err().to_string();

        assert!(broken.contains(word), "{name}: {broken}");
    }
}
