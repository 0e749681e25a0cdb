//! Tests of the configuration.
mod pasted;
mod refusals;
mod shown;
mod sources;

use std::{fs, path::PathBuf};

use secrecy::ExposeSecret;

use super::{
    Configuration, Inputs, Profile, Setting, Settings, Variables, keys, mask, place, show,
};

/// A temporary folder, which is removed when it is dropped.
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
            "add a comment that explains it above: {}",
            pair[1]
        );
    }
    for key in keys::WITHOUT_DEFAULT {
        let name = key.rsplit('.').next().unwrap();
        assert!(
            keys::DEFAULT.contains(&format!("# {name} = ")),
            "add {key} to config/default.toml, commented out"
        );
    }
}
