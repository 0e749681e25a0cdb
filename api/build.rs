//! Tells the program which commit it is built from. It never fails: an archive without git has no commit.
use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-env-changed=ATOLL_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let given = env::var("ATOLL_COMMIT").ok();
    let given = given.filter(|commit| !commit.is_empty());
    // A development build would be compiled again after each commit.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = given.or_else(|| is_release.then(from_git).flatten());
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let text = match &commit {
        Some(commit) => format!("{version} (commit {commit})"),
        None => version,
    };
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=ATOLL_BUILD_COMMIT={commit}");
    println!("cargo::rustc-env=ATOLL_BUILD_TEXT={text}");
}

/// Returns the abbreviated commit, with `-dirty` if tracked files differ from it.
fn from_git() -> Option<String> {
    let logs = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={logs}");
    git(&[
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
