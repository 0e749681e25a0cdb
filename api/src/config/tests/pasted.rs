//! Passwords in the wrong variable, and misspelt variables.
use super::*;

const PASTED: &str = "hunter2-and-more";

fn error(inputs: &Inputs) -> String {
    format!("{:#}", Settings::load(inputs).unwrap_err())
}

#[test]
fn no_value_of_the_wrong_type_is_shown() {
    let mut refused = 0;
    for key in keys::names() {
        let name = variable(key);
        let inputs = environment(&[(&name, PASTED)]);
        // Some settings may be any text.
        let Err(from_environment) = Settings::load(&inputs) else {
            continue;
        };
        let dotenv = Inputs {
            folder: inputs.folder.clone(),
            dotenv: inputs.environment.clone(),
            ..Inputs::default()
        };
        for error in [format!("{from_environment:#}"), error(&dotenv)] {
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains(key) && error.contains(&name), "{error}");
            assert!(error.contains("must "), "{error}");
        }
        refused += 1;
    }
    assert!(refused > 50, "only {refused} were refused");
}

fn variable(key: &str) -> String {
    format!("ATOLL__{}", key.replace('.', "__").to_uppercase())
}

#[test]
fn neither_the_profile_nor_the_folder_is_shown() {
    for name in ["ATOLL_PROFILE", "ATOLL_CONFIG_DIR"] {
        let error = error(&environment(&[(name, PASTED)]));

        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_value_of_the_wrong_type_says_what_it_must_be() {
    let cases = [
        ("PORT", "a whole number"),
        ("ATOLL__DATABASE__MIGRATE", "true or false"),
        ("ATOLL__SERVER__HOST", "an IP address"),
        ("ATOLL__SERVER__BODY_TIMEOUT", "a duration"),
        ("ATOLL__LOG__FORMAT", "`human` or `json`"),
        ("ATOLL__SERVER__TRUSTED_PROXIES", "networks"),
    ];
    for (name, expected) in cases {
        refused(&environment(&[(name, PASTED)]), &[name, expected]);
    }
    refused(&environment(&[("PORT", "99999")]), &["PORT", "65535"]);
}

#[test]
fn all_values_of_the_wrong_type_are_reported_at_once() {
    let inputs = environment(&[("PORT", "x"), ("ATOLL__LOG__FORMAT", "x")]);

    refused(&inputs, &["server.port", "log.format"]);
}

#[test]
fn a_value_of_the_wrong_type_is_masked_where_the_configuration_is_shown() {
    for name in [
        "ATOLL__SERVER__PORT",
        "ATOLL__SERVER__BODY_TIMEOUT",
        "ATOLL__LOG__FORMAT",
        "ATOLL__SERVER__TRUSTED_PROXIES",
    ] {
        let text = shown(&environment(&[(name, PASTED), ("PORT", "8000")]));

        assert!(!text.contains("hunter2"), "{name}: {text}");
        assert!(text.contains("***"), "{name}: {text}");
    }
}

#[test]
fn an_unknown_log_level_stops_the_start() {
    for level in ["loud", "info,loud", "info,atoll=loud", "atoll"] {
        refused(
            &environment(&[("ATOLL__LOG__LEVEL", level)]),
            &["log.level", "off, error, warn, info, debug and trace"],
        );
    }
    for level in [
        "debug",
        "WARN",
        "info,atoll::sql=debug",
        "atoll=trace,off",
        "[request]=debug",
    ] {
        Settings::load(&environment(&[("ATOLL__LOG__LEVEL", level)])).unwrap();
    }
}

#[test]
fn a_variable_with_one_underscore_gets_a_warning_with_the_name_that_was_meant() {
    let warnings = |set: &[(&str, &str)]| Configuration::read(&environment(set)).unwrap().warnings;
    let cases = [
        ("ATOLL_SERVER_PORT", "ATOLL__SERVER__PORT"),
        ("ATOLL_SERVER__PORT", "ATOLL__SERVER__PORT"),
        ("ATOLL_PORT", "ATOLL__SERVER__PORT"),
        (
            "ATOLL_AUTH_MIN_PASSWORD_SCORE",
            "ATOLL__AUTH__MIN_PASSWORD_SCORE",
        ),
        ("ATOLL_SMTP_URL", "ATOLL__MAIL__SMTP_URL"),
        ("ATOLL_SERVR_PORT", "ATOLL__SERVER__PORT"),
        ("ATOLL_DATABSE_URL", "ATOLL__DATABASE__URL"),
        ("ATOLL_PROFIL", "ATOLL_PROFILE"),
        ("ATOLL_SEED_PASSWD", "ATOLL_SEED_PASSWORD"),
        ("ATOLL_WHATEVER", "begin with ATOLL__"),
    ];
    for (name, meant) in cases {
        let warned = warnings(&[(name, PASTED)]);

        let [warning] = warned.as_slice() else {
            panic!("{name}: {warned:?}");
        };
        assert!(
            warning.contains(name) && warning.contains(meant),
            "{warning}"
        );
        assert!(!warning.contains("hunter2"), "{warning}");
    }
    let fine = [
        ("ATOLL_PROFILE", "test"),
        ("ATOLL_SEED_PASSWORD", "correct horse"),
        ("ATOLL__SERVER__PORT", "1"),
        ("ATOLL_EMPTY", ""),
        ("ATOLL_PORT", "tcp://10.0.0.1:80"),
        ("ATOLL_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("ATOLL_SERVICE_HOST", "10.0.0.1"),
    ];
    assert_eq!(warnings(&fine), Vec::<String>::new());
}
