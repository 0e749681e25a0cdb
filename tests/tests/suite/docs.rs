//! `docs/security.md` and `ARCHITECTURE.md` name tests, settings and files, which must exist.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use service::registry;

mod route_table;

const SECURITY: &str = include_str!("../../../docs/security.md");
const ARCHITECTURE: &str = include_str!("../../../ARCHITECTURE.md");
const SETTINGS: &str = include_str!("../../../config/default.toml");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the texts between backticks.
fn quoted_names(document: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = document.lines();
    lines.flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Returns the tests that a document names, such as `writes::a_write_that_fails_leaves_nothing`.
fn tests(document: &'static str) -> BTreeSet<&'static str> {
    let is_test = |text: &&str| text.contains("::") && text.split("::").all(is_name);
    quoted_names(document).filter(is_test).collect()
}

/// Returns true if a test exists, in the suite or in the crate that its path begins with.
fn test_exists(test: &str) -> bool {
    let (module, name) = test.rsplit_once("::").unwrap();
    let module = module.replace("::", "/");
    let file = match module.split_once('/') {
        Some((of @ ("api" | "kernel" | "service" | "web"), rest)) => format!("{of}/src/{rest}"),
        _ => format!("tests/tests/suite/{module}"),
    };
    let declared = format!("fn {name}(");
    ["", "/mod"].iter().any(|end| {
        let source = fs::read_to_string(root().join(format!("{file}{end}.rs")));
        source.is_ok_and(|source| source.contains(&declared))
    })
}

/// Returns every `section.key`, with those that have no default.
fn settings() -> BTreeSet<(&'static str, &'static str)> {
    let mut section = "";
    let mut settings = BTreeSet::new();
    for line in SETTINGS.lines().map(|line| line.trim_start_matches("# ")) {
        let head = line.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        if let Some(name) = head {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ")
            && is_name(key)
        {
            settings.insert((section, key));
        }
    }
    settings
}

#[test]
fn every_test_that_the_security_document_names_exists() {
    let tests = tests(SECURITY);
    assert!(tests.len() > 100, "the document names few: {tests:?}");

    let missing: Vec<_> = tests.iter().filter(|test| !test_exists(test)).collect();

    assert!(
        missing.is_empty(),
        "docs/security.md names tests that do not exist: {missing:#?}"
    );
}

#[test]
fn every_test_that_the_architecture_names_exists() {
    let (_, section) = ARCHITECTURE.split_once("## Invariants\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let invariants: Vec<_> = section.split("\n- ").skip(1).collect();
    assert!(invariants.len() > 15, "there are few: {invariants:#?}");

    for invariant in invariants {
        let tests = tests(invariant);
        assert!(
            !tests.is_empty(),
            "this invariant names no test: {invariant}"
        );
        let missing: Vec<_> = tests.iter().filter(|test| !test_exists(test)).collect();
        assert!(
            missing.is_empty(),
            "ARCHITECTURE.md names tests that do not exist: {missing:#?}"
        );
    }
}

#[test]
fn every_link_of_the_architecture_leads_to_a_file() {
    let links = ARCHITECTURE.split("](").skip(1);
    let targets = links.filter_map(|rest| Some(rest.split_once(')')?.0));
    let targets: BTreeSet<_> = targets.collect();
    assert!(targets.len() > 20, "there are few: {targets:#?}");

    let missing: Vec<_> = targets
        .iter()
        .filter(|target| !root().join(target).exists())
        .collect();

    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md links to files that do not exist: {missing:#?}"
    );
}

#[test]
fn every_setting_that_the_security_document_names_exists() {
    let settings = settings();
    // Names of a resource are permissions.
    let is_resource = |name| registry().tables().iter().any(|table| table.name == name);
    let pairs = quoted_names(SECURITY).filter_map(|text| text.split_once('.'));
    let named: BTreeSet<_> = pairs
        .filter(|(section, key)| is_name(section) && is_name(key) && !is_resource(*section))
        .collect();
    assert!(named.len() > 20, "the document names few: {named:?}");

    let missing: Vec<_> = named.difference(&settings).collect();

    assert!(
        missing.is_empty(),
        "docs/security.md names keys that config/default.toml does not have: {missing:?}"
    );
}

#[test]
fn every_file_that_the_security_document_names_exists() {
    let is_ours = |text: &&str| {
        let folder = text.split_once('/').map_or("", |(folder, _)| folder);
        !folder.is_empty() && root().join(folder).is_dir()
    };
    let named: BTreeSet<_> = quoted_names(SECURITY).filter(is_ours).collect();
    assert!(named.len() > 5, "the document names few: {named:?}");

    let is_missing = |file: &&&str| !root().join(file).exists();
    let missing: Vec<_> = named.iter().filter(is_missing).collect();

    assert!(
        missing.is_empty(),
        "docs/security.md names files that do not exist: {missing:?}"
    );
}
