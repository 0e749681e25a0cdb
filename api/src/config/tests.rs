//! What configuration promises: who wins, what is refused, what is hidden, what is documented.
use std::{fs, path::PathBuf};

use secrecy::ExposeSecret;

use super::{Configuration, Inputs, Profile, Settings, Variables, keys, mask, show};

/// A folder of its own, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("atoll-config-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(folder.join("config")).unwrap();
        for (name, text) in files {
            fs::write(folder.join("config").join(name), text).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn environment(pairs: &[(&str, &str)]) -> Inputs {
    Inputs {
        folder: PathBuf::from("/nowhere"),
        environment: variables(pairs),
        ..Inputs::default()
    }
}

fn url(inputs: &Inputs) -> String {
    Settings::load(inputs)
        .unwrap()
        .database
        .url
        .expose_secret()
        .to_owned()
}

#[track_caller]
fn refused(inputs: &Inputs, words: &[&str]) {
    let error = format!("{:#}", Settings::load(inputs).unwrap_err());
    for word in words {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

fn shown(inputs: &Inputs) -> String {
    let mut text = Vec::new();
    show(&Configuration::read(inputs).unwrap(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn every_profile_has_settings_and_only_production_leaves_the_schema_alone() {
    for profile in Profile::ALL {
        let settings = Settings::load(&environment(&[("ATOLL_PROFILE", profile.name())])).unwrap();

        assert_eq!(settings.database.migrate, profile != Profile::Production);
    }
}

#[test]
fn every_key_has_a_comment_above_it() {
    let lines: Vec<_> = keys::DEFAULT.lines().collect();
    for pair in lines.windows(2) {
        let is_key = pair[1].split_once(" = ").is_some_and(|(name, _)| {
            name.trim_start_matches("# ")
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        assert!(
            !is_key || pair[0].starts_with("# "),
            "say what this means, above it: {}",
            pair[1]
        );
    }
    for key in keys::WITHOUT_DEFAULT {
        let name = key.rsplit('.').next().unwrap();
        assert!(
            keys::DEFAULT.contains(&format!("# {name} = ")),
            "show {key}, commented out"
        );
    }
}

#[test]
fn the_later_source_wins() {
    let folder = Folder::new(&[
        ("default.toml", "server.port = 2\nserver.workers = 2"),
        ("production.toml", "server.port = 3"),
    ]);
    let mut inputs = Inputs {
        folder: folder.0.clone(),
        ..Inputs::default()
    };
    let port = |inputs: &Inputs| Settings::load(inputs).unwrap().server.port;
    assert_eq!(port(&inputs), 2);
    inputs.dotenv = variables(&[("ATOLL_PROFILE", "production")]);
    assert_eq!(port(&inputs), 3);
    inputs.dotenv.insert("PORT".into(), "4".into());
    assert_eq!(port(&inputs), 4);
    inputs
        .dotenv
        .insert("ATOLL__SERVER__PORT".into(), "5".into());
    assert_eq!(port(&inputs), 5);
    inputs.environment.insert("PORT".into(), "6".into());
    assert_eq!(port(&inputs), 6);
    inputs
        .environment
        .insert("ATOLL__SERVER__PORT".into(), "7".into());
    assert_eq!(port(&inputs), 7);

    let settings = Settings::load(&inputs).unwrap();
    assert_eq!(
        settings.server.workers, 2,
        "one key in a file leaves the others"
    );
    assert_eq!(
        settings.server.drain_delay.as_secs(),
        5,
        "of the profile that is built in"
    );
}

#[test]
fn another_folder_may_hold_the_files_and_must_exist() {
    let folder = Folder::new(&[("default.toml", "server.port = 2")]);
    let named = folder.0.join("config");

    let inputs = environment(&[("ATOLL_CONFIG_DIR", named.to_str().unwrap())]);

    assert_eq!(Settings::load(&inputs).unwrap().server.port, 2);
    refused(
        &environment(&[("ATOLL_CONFIG_DIR", "/nowhere/else")]),
        &["ATOLL_CONFIG_DIR", "/nowhere/else"],
    );
}

#[test]
fn lists_are_separated_by_commas_and_empty_variables_are_absent() {
    let origins = "https://a.example, https://b.example:8443";
    let inputs = environment(&[
        ("ATOLL__SERVER__CORS_ORIGINS", origins),
        ("ATOLL__SERVER__PORT", ""),
        ("PORT", ""),
        ("DATABASE_URL", ""),
    ]);

    let settings = Settings::load(&inputs).unwrap();

    assert_eq!(
        settings.server.cors_origins,
        ["https://a.example", "https://b.example:8443"]
    );
    assert_eq!(settings.server.port, 8080);
    assert!(settings.database.url.expose_secret().starts_with("sqlite:"));
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    refused(
        &environment(&[("ATOLL__SERVER__PROT", "1")]),
        &["server.prot", "ATOLL__SERVER__PROT", "port"],
    );
    refused(
        &environment(&[("ATOLL__PORT", "1")]),
        &["`port`", "sections"],
    );
    refused(&environment(&[("ATOLL__SERVER", "1")]), &["`server`"]);
    refused(
        &environment(&[("ATOLL__SERVER__PORT__X", "1")]),
        &["server.port.x"],
    );
    for text in [
        "[server]\nprot = 1",
        "server.prot = 1",
        "[server.prot]",
        "\"server.prot\" = 1",
    ] {
        let folder = Folder::new(&[("default.toml", text)]);
        let inputs = Inputs {
            folder: folder.0.clone(),
            ..Inputs::default()
        };
        refused(&inputs, &["server.prot", "config/default.toml"]);
    }
}

#[test]
fn all_unknown_keys_are_reported_at_once() {
    let inputs = environment(&[("ATOLL__SERVER__PROT", "1"), ("ATOLL__LOGS__LEVEL", "info")]);

    refused(&inputs, &["server.prot", "logs.level"]);
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_place() {
    let cases = [
        ("ATOLL__SERVER__PORT", "99999", "server.port"),
        ("PORT", "eighty", "server.port"),
        ("PORT", "-1", "server.port"),
        ("ATOLL__SERVER__HOST", "localhost", "server.host"),
        ("ATOLL__SERVER__BODY_TIMEOUT", "10", "server.body_timeout"),
        (
            "ATOLL__SERVER__BODY_TIMEOUT",
            "ten seconds",
            "server.body_timeout",
        ),
        ("ATOLL__DATABASE__MIGRATE", "perhaps", "database.migrate"),
        ("ATOLL__AUTH__REGISTRATION", "ajar", "auth.registration"),
        ("ATOLL__LOG__FORMAT", "xml", "log.format"),
    ];
    for (name, value, key) in cases {
        refused(&environment(&[(name, value)]), &[key, name]);
    }
    let folder = Folder::new(&[("default.toml", "[server]\nport = \"x\"")]);
    let inputs = Inputs {
        folder: folder.0.clone(),
        ..Inputs::default()
    };
    refused(&inputs, &["server.port", "config/default.toml"]);
    let folder = Folder::new(&[("default.toml", "[server\nport = 1")]);
    let inputs = Inputs {
        folder: folder.0.clone(),
        ..Inputs::default()
    };
    refused(&inputs, &["config/default.toml", "TOML"]);
}

#[test]
fn a_value_out_of_its_limits_is_named_with_its_place() {
    let cases = [
        ("ATOLL__SERVER__MAX_IN_FLIGHT", "0", "server.max_in_flight"),
        ("ATOLL__SERVER__HEAD_TIMEOUT", "0s", "server.head_timeout"),
        (
            "ATOLL__SERVER__PUBLIC_URL",
            "https://example.org/",
            "server.public_url",
        ),
        (
            "ATOLL__SERVER__PUBLIC_URL",
            "example.org",
            "server.public_url",
        ),
        (
            "ATOLL__SERVER__CORS_ORIGINS",
            "https://a.example/app",
            "server.cors_origins",
        ),
        ("ATOLL__SERVER__CORS_ORIGINS", "*", "server.cors_origins"),
        ("DATABASE_URL", "mysql://localhost/atoll", "database.url"),
        (
            "ATOLL__DATABASE__MAX_CONNECTIONS",
            "0",
            "database.max_connections",
        ),
        (
            "ATOLL__DATABASE__MIN_CONNECTIONS",
            "11",
            "database.min_connections",
        ),
        (
            "ATOLL__DATABASE__STATEMENT_TIMEOUT",
            "500us",
            "database.statement_timeout",
        ),
        (
            "ATOLL__AUTH__SESSION_LIFETIME",
            "5s",
            "auth.session_lifetime",
        ),
        ("RUST_LOG", "info,=,", "log.level"),
    ];
    for (name, value, key) in cases {
        refused(&environment(&[(name, value)]), &[key, name]);
    }
}

#[test]
fn an_unknown_profile_names_the_known_ones() {
    let inputs = environment(&[("ATOLL_PROFILE", "prod")]);

    refused(&inputs, &["\"prod\"", "development, test, production"]);
}

#[test]
fn production_refuses_what_is_unsafe_and_development_does_not() {
    let cases = [
        ("DATABASE_URL", "sqlite::memory:", "database.url"),
        ("DATABASE_URL", "sqlite://x?mode=memory", "database.url"),
        (
            "ATOLL__SERVER__PUBLIC_URL",
            "http://example.org",
            "server.public_url",
        ),
        (
            "ATOLL__SERVER__CORS_ORIGINS",
            "http://app.example.org",
            "server.cors_origins",
        ),
        (
            "ATOLL__DATABASE__STATEMENT_TIMEOUT",
            "0s",
            "database.statement_timeout",
        ),
        (
            "ATOLL__DATABASE__IDLE_IN_TRANSACTION_TIMEOUT",
            "0s",
            "database.idle_in_transaction_timeout",
        ),
    ];
    for (name, value, key) in cases {
        let database = ("DATABASE_URL", "postgres://db/atoll");
        let set = [database, (name, value), ("ATOLL_PROFILE", "production")];

        refused(&environment(&set), &[key, "unsafe in production"]);
        Settings::load(&environment(&set[..2])).unwrap();
    }
}

#[test]
fn a_database_url_is_made_of_the_postgres_variables() {
    let user = ("POSTGRES_USER", "ada");
    let password = ("POSTGRES_PASSWORD", "p@ss/w:rd é");
    assert!(
        url(&environment(&[user, password])).starts_with("sqlite:"),
        "that says not where"
    );

    assert_eq!(
        url(&environment(&[("POSTGRES_HOST", "db")])),
        "postgres://postgres@db:5432/postgres"
    );
    assert_eq!(
        url(&environment(&[user, password, ("POSTGRES_DB", "at oll")])),
        "postgres://ada:p%40ss%2Fw%3Ard%20%C3%A9@localhost:5432/at%20oll"
    );
    assert_eq!(
        url(&environment(&[
            user,
            ("POSTGRES_HOST", "::1"),
            ("POSTGRES_PORT", "6432")
        ])),
        "postgres://ada@[::1]:6432/ada"
    );
    assert_eq!(
        url(&environment(&[user, ("POSTGRES_HOST", "/run/postgresql")])),
        "postgres://ada@%2Frun%2Fpostgresql:5432/ada"
    );
}

#[test]
fn any_url_wins_over_the_postgres_variables() {
    let mut inputs = environment(&[("POSTGRES_HOST", "db")]);
    inputs.dotenv = variables(&[("DATABASE_URL", "postgres://other/atoll")]);

    assert_eq!(url(&inputs), "postgres://other/atoll");
}

#[test]
fn what_is_shown_says_whence_and_hides_passwords() {
    let inputs = environment(&[
        ("DATABASE_URL", "postgres://ada:s3cret@db/atoll"),
        ("PORT", "9000"),
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

#[test]
fn no_refusal_shows_a_password() {
    let inputs = environment(&[("DATABASE_URL", "mysql://ada:s3cret@db/atoll")]);

    let error = format!("{:#}", Settings::load(&inputs).unwrap_err());

    assert!(!error.contains("s3cret"), "{error}");
}
