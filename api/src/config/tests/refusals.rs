//! Mistakes that prevent the start, and their errors.
use super::*;

#[test]
fn an_unknown_key_is_named_with_its_place() {
    refused(
        &environment(&[("ATOLL__SERVER__PROT", "1")]),
        &[
            "server.prot",
            "ATOLL__SERVER__PROT",
            "did you mean `server.port`?",
        ],
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

/// Variables with values out of their limits, and the setting that each sets.
const OUT_OF_LIMITS: &[(&str, &str, &str)] = &[
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
        "ATOLL__DATABASE__READ_TIMEOUT",
        "500us",
        "database.read_timeout",
    ),
    (
        "ATOLL__DATABASE__WRITE_TIMEOUT",
        "0s",
        "database.write_timeout",
    ),
    (
        "ATOLL__DATABASE__LONG_TIMEOUT",
        "25h",
        "database.long_timeout",
    ),
    (
        "ATOLL__DATABASE__OUTAGE_TIMEOUT",
        "10ms",
        "database.outage_timeout",
    ),
    (
        "ATOLL__AUTH__SESSION_LIFETIME",
        "5s",
        "auth.session_lifetime",
    ),
    (
        "ATOLL__AUTH__REQUIRE_TOTP_FOR",
        "admin,Two Words",
        "auth.require_totp_for",
    ),
    (
        "ATOLL__AUTH__MIN_PASSWORD_SCORE",
        "5",
        "auth.min_password_score",
    ),
    ("ATOLL__AUTH__HASH_MEMORY", "7167", "auth.hash_memory"),
    ("ATOLL__AUTH__HASH_PASSES", "0", "auth.hash_passes"),
    ("ATOLL__AUTH__HASH_LANES", "17", "auth.hash_lanes"),
    ("ATOLL__AUTH__PEPPER", "short", "auth.pepper"),
    ("ATOLL__AUTH__OLD_PEPPERS", "short", "auth.old_peppers"),
    (
        "ATOLL__SERVER__TRUSTED_PROXIES",
        "10.0.0.1,proxy.example",
        "server.trusted_proxies",
    ),
    (
        "ATOLL__SERVER__TRUSTED_PROXIES",
        "0.0.0.0/0",
        "server.trusted_proxies",
    ),
    (
        "ATOLL__SERVER__PROXY_HEADER",
        "x-real-ip",
        "server.proxy_header",
    ),
    ("ATOLL__RATE_LIMIT__PER", "1500ms", "rate_limit.per"),
    (
        "ATOLL__SERVER__CORS_ORIGINS",
        "https://*.example.org:*/path",
        "server.cors_origins",
    ),
    ("ATOLL__REDIS__URL", "http://:s3cret@cache", "redis.url"),
    ("RUST_LOG", "info,=,", "log.level"),
    ("ATOLL__OTLP__ENDPOINT", "localhost:4318", "otlp.endpoint"),
    (
        "ATOLL__OTLP__ENDPOINT",
        "http://collector/",
        "otlp.endpoint",
    ),
    ("ATOLL__OTLP__HEADERS", "Bearer s3cret", "otlp.headers"),
    ("ATOLL__OTLP__SERVICE_NAME", " ", "otlp.service_name"),
    ("ATOLL__OTLP__SAMPLE_RATIO", "10", "otlp.sample_ratio"),
    ("ATOLL__OTLP__SAMPLE_RATIO", "NaN", "otlp.sample_ratio"),
    ("ATOLL__OTLP__QUEUE", "0", "otlp.queue"),
    ("ATOLL__OTLP__TIMEOUT", "10ms", "otlp.timeout"),
    ("ATOLL__BACKUP__TIMEOUT", "0s", "backup.timeout"),
    ("ATOLL__BACKUP__TIMEOUT", "8d", "backup.timeout"),
];

#[test]
fn a_value_out_of_its_limits_is_named_with_its_place() {
    for (name, value, key) in OUT_OF_LIMITS {
        refused(&environment(&[(name, value)]), &[key, name]);
    }
}

/// In the environment the comma would separate two URLs.
#[test]
fn a_replica_with_several_hosts_is_refused() {
    let urls = |urls: &str| {
        let text = format!("[database]\nreplica_urls = [{urls}]");
        let folder = Folder::new(&[("default.toml", &text)]);
        let inputs = Inputs {
            folder: folder.0.clone(),
            ..environment(&[("DATABASE_URL", "postgres://a,b/atoll")])
        };
        (folder, inputs)
    };
    let (_folder, several) =
        urls("\"postgres://c/atoll\", \"postgres://ada:s3cret@d,e:5433/atoll\"");
    refused(
        &several,
        &["database.replica_urls", "a URL of its own for each replica"],
    );
    let (_folder, each) = urls("\"postgres://c/atoll\", \"postgres://d/atoll\"");
    Settings::load(&each).unwrap();
}

#[test]
fn a_bound_of_the_load_is_at_least_one() {
    let cases = [
        ("ATOLL__LOAD__WAITING", "0", "load.waiting"),
        ("ATOLL__LOAD__ANSWER_BYTES", "0", "load.answer_bytes"),
        ("ATOLL__LOAD__BODY_BYTES", "0", "load.body_bytes"),
        ("ATOLL__LOAD__BULK_BYTES", "0", "load.bulk_bytes"),
        ("ATOLL__LOAD__USER_WAIT", "0s", "load.user_wait"),
        ("ATOLL__LOAD__WRITE_TIMEOUT", "0s", "load.write_timeout"),
    ];
    for (name, value, key) in cases {
        refused(&environment(&[(name, value)]), &[key, name]);
    }
}

#[test]
fn mail_that_could_not_go_out_or_whose_links_lead_nowhere_stops_the_start() {
    let from = ("ATOLL__MAIL__FROM", "Atoll <atoll@example.org>");
    let site = ("ATOLL__SERVER__PUBLIC_URL", "https://example.org");
    let folder = ("ATOLL__MAIL__FOLDER", "mail");
    let url = ("ATOLL__MAIL__SMTP_URL", "smtps://u:p@mail.example.org");
    let clear = ("ATOLL__MAIL__SMTP_URL", "smtp://mail.example.org?tls=none");
    let with = |transport, others: &[(&str, &str)]| {
        let transport = ("ATOLL__MAIL__TRANSPORT", transport);
        environment(&[&[transport], others].concat())
    };

    refused(&with("file", &[folder]), &["mail.from"]);
    refused(
        &with("file", &[folder, ("ATOLL__MAIL__FROM", "x")]),
        &["mail.from"],
    );
    refused(&with("file", &[from]), &["mail.folder"]);
    refused(&with("smtp", &[from, site]), &["mail.smtp_url"]);
    refused(&with("smtp", &[from, site, clear]), &["mail.smtp_url"]);
    refused(&with("smtp", &[from, url]), &["server.public_url"]);
    refused(
        &environment(&[("ATOLL__AUTH__REQUIRE_VERIFIED_EMAIL", "true")]),
        &["mail.transport"],
    );
    Settings::load(&with("smtp", &[from, site, url])).unwrap();
    Settings::load(&with("log", &[from])).unwrap();
    let production = [
        ("ATOLL_PROFILE", "production"),
        ("DATABASE_URL", "postgres://db/atoll"),
    ];
    let log = with("log", &[&production, &[from, site][..]].concat());
    refused(&log, &["mail.transport", "unsafe in production"]);
    let file = with("file", &[&production, &[from, site, folder][..]].concat());
    refused(&file, &["mail.transport", "unsafe in production"]);
    let file = with("file", &[&production, &[from, folder][..]].concat());
    refused(&file, &["server.public_url"]);
}

#[test]
fn an_unknown_profile_names_the_known_ones() {
    let inputs = environment(&[("ATOLL_PROFILE", "prod")]);

    refused(&inputs, &["ATOLL_PROFILE", "development, test, production"]);
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
        ("ATOLL__AUTH__HASH_MEMORY", "17000", "auth.hash_memory"),
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
fn no_refusal_shows_a_password() {
    let inputs = environment(&[("DATABASE_URL", "mysql://ada:s3cret@db/atoll")]);

    let error = format!("{:#}", Settings::load(&inputs).unwrap_err());

    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn replicas_need_a_server_and_urls_of_servers() {
    let database = ("DATABASE_URL", "postgres://db/atoll");
    let replicas = |urls| environment(&[database, ("ATOLL__DATABASE__REPLICA_URLS", urls)]);
    let (valid, many) = (
        "postgres://one/atoll, postgresql://two/atoll",
        [valid_url(); 9].join(","),
    );

    assert!(Settings::load(&replicas(valid)).is_ok());
    refused(
        &replicas("sqlite://x.db"),
        &["database.replica_urls", "at most 8 URLs"],
    );
    refused(
        &replicas(&many),
        &["database.replica_urls", "at most 8 URLs"],
    );
    let on_file = environment(&[("ATOLL__DATABASE__REPLICA_URLS", valid)]);
    refused(
        &on_file,
        &["must be empty, because database.url names a SQLite file"],
    );
    let lag = ("ATOLL__DATABASE__REPLICA_MAX_LAG", "200ms");
    refused(&environment(&[lag]), &["database.replica_max_lag", "250ms"]);
}

fn valid_url() -> &'static str {
    "postgres://standby/atoll"
}

#[test]
fn a_schedule_and_a_store_of_backups_are_checked() {
    let with = |set: &[(&str, &str)], words: &[&str]| refused(&environment(set), words);

    with(
        &[("ATOLL__BACKUP__SCHEDULE__EVERY", "500ms")],
        &["backup.schedule.every", "from 1s"],
    );
    with(
        &[("ATOLL__BACKUP__SCHEDULE__AT", "3 o'clock")],
        &["backup.schedule.at", "03:30"],
    );
    with(
        &[("ATOLL__BACKUP__STORE", "s3://id:s3cret@books")],
        &["backup.store", "s3://BUCKET/PREFIX"],
    );
    with(
        &[("ATOLL__BACKUP__STORE", "s3://books")],
        &["backup.s3.secret_access_key", "must both be set"],
    );
    with(
        &[("ATOLL__BACKUP__S3__REQUEST_TIMEOUT", "0s")],
        &["backup.s3.request_timeout", "100ms"],
    );
    with(
        &[("ATOLL__BACKUP__S3__RETRY_TIMEOUT", "1h")],
        &["backup.s3.retry_timeout", "10m"],
    );
}
