//! What `atoll config show` shows and what it masks.
use super::*;

#[test]
fn values_are_shown_with_their_origin_and_without_passwords() {
    let inputs = environment(&[
        ("DATABASE_URL", "postgres://ada:s3cret@db/atoll"),
        ("PORT", "9000"),
        ("ATOLL__REDIS__URL", "rediss://:s3cret@cache/0"),
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
    assert!(has(["url = \"rediss://:***@cache/0\"", "# the"]), "{text}");
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
fn no_secret_is_shown() {
    let secret = "kept where the database is not, or nowhere";
    let keys = [
        "ATOLL__AUDIT__KEY",
        "ATOLL__AUTH__KEY",
        "ATOLL__AUTH__OLD_PEPPERS",
        "ATOLL__AUTH__PEPPER",
        "ATOLL__SERVER__SECRET",
    ];
    let set = keys.map(|key| (key, secret));

    let text = shown(&environment(&set));

    assert!(!text.contains("database is not"), "{text}");
    assert!(!text.contains("or nowhere"), "{text}");
    assert!(text.contains("old_peppers = [\"***\", \"***\"]"), "{text}");
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
