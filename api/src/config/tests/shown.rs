//! What `atoll config show` tells, and what it keeps to itself.
use super::*;

#[test]
fn what_is_shown_says_whence_and_hides_passwords() {
    let inputs = environment(&[
        ("DATABASE_URL", "postgres://ada:s3cret@db/atoll"),
        ("PORT", "9000"),
        (
            "ATOLL__MAIL__SMTP_URL",
            "smtps://ada:s3cret@mail.example.org",
        ),
    ]);

    let text = shown(&inputs);

    assert!(!text.contains("s3cret"), "{text}");
    let has = |parts: [&str; 2]| {
        text.lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    assert!(
        has([
            "url = \"postgres://ada:***@db/atoll\"",
            "# the environment variable DATABASE_URL"
        ]),
        "{text}"
    );
    assert!(
        has(["port = 9000", "# the environment variable PORT"]),
        "{text}"
    );
    assert!(
        has(["keep_alive = \"75s\"", "# default.toml, built in"]),
        "{text}"
    );
    assert!(
        has(["migrate = true", "# development.toml, built in"]),
        "{text}"
    );
}

#[test]
fn no_form_of_a_url_shows_its_password() {
    let cases = [
        ("postgres://u:p@h/d", "postgres://u:***@h/d"),
        ("postgres://u@h/d", "postgres://u@h/d"),
        (
            "postgres://h/d?user=u&password=p&sslmode=require",
            "postgres://h/d?user=u&password=***&sslmode=require",
        ),
        ("postgres://u:p@p/p?p#p@h/d", "postgres://u:***@h/d"),
        ("postgres:u:p@h/d", "postgres:***@h/d"),
        (
            "sqlite://data/a@b:c.db?mode=rwc",
            "sqlite://data/a@b:c.db?mode=rwc",
        ),
    ];
    for (url, masked) in cases {
        assert_eq!(mask(url), masked);
    }
}
