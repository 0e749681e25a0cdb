//! The precedence of the sources.
use kernel::database;

use super::*;

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
    inputs.options = vec![Setting {
        option: "--port",
        key: "server.port",
        text: "8".into(),
    }];
    assert_eq!(port(&inputs), 8);
    inputs.options.clear();

    let settings = Settings::load(&inputs).unwrap();
    assert_eq!(
        settings.server.workers, 2,
        "one key in a file leaves the others"
    );
    assert_eq!(
        settings.server.drain_delay.as_secs(),
        5,
        "from the built-in profile"
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
        &["ATOLL_CONFIG_DIR", "must name an existing folder"],
    );
}

#[test]
fn a_named_file_wins_over_the_folder_and_must_exist() {
    let folder = Folder::new(&[
        ("default.toml", "server.port = 2\nserver.workers = 2"),
        ("mine.toml", "server.port = 3"),
    ]);
    let mut inputs = Inputs {
        folder: folder.0.clone(),
        file: Some("config/mine.toml".into()),
        ..Inputs::default()
    };

    let settings = Settings::load(&inputs).unwrap();
    assert_eq!((settings.server.port, settings.server.workers), (3, 2));
    inputs.environment = variables(&[("PORT", "4")]);
    assert_eq!(Settings::load(&inputs).unwrap().server.port, 4);
    inputs.file = Some("config/other.toml".into());
    refused(&inputs, &["--config", "other.toml"]);
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
fn a_database_url_is_made_of_the_postgres_variables() {
    let user = ("POSTGRES_USER", "ada");
    let password = ("POSTGRES_PASSWORD", "p@ss/w:rd é");
    assert!(
        url(&environment(&[user, password])).starts_with("sqlite:"),
        "a user and a password alone are not enough"
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

/// The crates `kernel` and `web` have the same defaults for servers that read no configuration.
#[test]
fn the_defaults_are_those_of_a_server_without_configuration() {
    let mut settings = Settings::load(&Inputs::default()).unwrap();
    // The development profile changes these two.
    settings.server.cors_origins.clear();
    settings.database.migrate = false;

    let http = web::settings::HttpSettings::default();
    assert_eq!(format!("{:?}", settings.http()), format!("{http:?}"));
    let database = database::Settings::new(settings.database.url.expose_secret());
    assert_eq!(format!("{:?}", settings.database), format!("{database:?}"));
}

#[test]
fn the_variables_of_aws_reach_the_store_of_backups() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", "https://s3.example.org"),
    ];
    let settings = Settings::load(&environment(&variables)).unwrap();

    let s3 = &settings.backup.s3;
    assert_eq!(s3.access_key_id.as_deref(), Some("id"));
    let secret = s3.secret_access_key.as_ref();
    assert_eq!(secret.map(ExposeSecret::expose_secret), Some("s3cret"));
    assert_eq!(s3.region, "eu-central-1");
    assert_eq!(s3.endpoint.as_deref(), Some("https://s3.example.org"));
    let text = shown(&environment(&variables));
    assert!(!text.contains("s3cret"), "{text}");
    assert!(text.contains("s3.secret_access_key = \"***\""), "{text}");
}
