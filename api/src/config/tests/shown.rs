//! What `atoll config show` shows and what it masks.
use super::*;

#[test]
fn values_are_shown_with_their_origin_and_without_passwords() {
    let inputs = environment(&[
        ("DATABASE_URL", "postgres://ada:s3cret@db/atoll"),
        (
            "ATOLL__DATABASE__REPLICA_URLS",
            "postgres://ada:s3cret@one/atoll,postgres://two/atoll?password=s3cret",
        ),
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
    let replicas =
        "replica_urls = [\"postgres://ada:***@one/atoll\", \"postgres://two/atoll?password=***\"]";
    assert!(has([replicas, "# the"]), "{text}");
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
        "ATOLL__BACKUP__S3__SECRET_ACCESS_KEY",
        "ATOLL__BACKUP__S3__SESSION_TOKEN",
        "ATOLL__SERVER__SECRET",
        "ATOLL__OTLP__HEADERS",
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

#[test]
fn the_place_of_a_database_is_absolute_and_has_no_password() {
    let place_of = |url: &str| place(&kernel::database::Settings::new(url));
    let here = std::env::current_dir().unwrap();

    let file = place_of("sqlite://data/atoll.db?mode=rwc");
    assert_eq!(file, here.join("data/atoll.db").display().to_string());
    assert_eq!(place_of("sqlite::memory:"), "SQLite in memory");
    let server = place_of("postgres://atoll:p@ss@db.example.org:5432/atoll?sslmode=require");
    assert_eq!(server, "PostgreSQL db.example.org:5432/atoll");
}

#[test]
fn production_has_a_warning_for_each_risky_setting() {
    let risks = |set: &[(&str, &str)]| {
        let configuration = Configuration::read(&environment(set)).unwrap();
        configuration.risks(&configuration.settings().unwrap())
    };
    let key = "kept where the database is not, or nowhere";
    let production = ("ATOLL_PROFILE", "production");

    assert_eq!(risks(&[]), Vec::<String>::new(), "development may be risky");
    let all = risks(&[production]);
    let settings = all.iter().filter_map(|risk| risk.split(' ').next());
    assert_eq!(
        settings.collect::<Vec<_>>(),
        [
            "database.url",
            "auth.key",
            "audit.key",
            "server.public_url",
            "auth.registration",
            "auth.pepper",
            "mail.transport"
        ]
    );
    let safe = [
        production,
        ("DATABASE_URL", "postgres://db/atoll"),
        ("ATOLL__AUTH__KEY", key),
        ("ATOLL__AUDIT__KEY", key),
        ("ATOLL__SERVER__PUBLIC_URL", "https://example.org"),
        ("ATOLL__AUTH__REGISTRATION", "closed"),
        ("ATOLL__AUTH__PEPPER", key),
        ("ATOLL__MAIL__TRANSPORT", "smtp"),
        ("ATOLL__MAIL__SMTP_URL", "smtps://mail.example.org"),
        ("ATOLL__MAIL__FROM", "atoll@example.org"),
        ("ATOLL__OTLP__ENDPOINT", "https://collector.example.org"),
    ];
    assert_eq!(risks(&safe), Vec::<String>::new());
    let mut plain = safe;
    plain[10].1 = "http://collector.example.org:4318";
    let [risk] = &*risks(&plain) else {
        panic!("plain HTTP to another machine is risky");
    };
    assert!(risk.starts_with("otlp.endpoint is plain HTTP"), "{risk}");
}
