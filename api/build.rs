//! Prepares what the program contains beside its code: which commit it is built from, and the files of Swagger UI. Makes a release
//! smaller.
use std::{
    env,
    error::Error,
    fs::File,
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{ZipArchive, ZipWriter};

/// The files of Swagger UI's release that the server sends, and the terms under which it may.
const VIEWER: [&str; 4] = [
    "dist/swagger-ui.css",
    "dist/swagger-ui-bundle.js",
    "LICENSE",
    "NOTICE",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    name_commit();
    pack_relocations();
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    pack_viewer(&folder.join("viewer.zip"))
}

/// Copies these files from the release, which is four times as large, as they are compressed there.
fn pack_viewer(target: &Path) -> Result<(), Box<dyn Error>> {
    let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let mut paths = release.file_names().flatten();
    let root = paths.find_map(|path| Some(path.split_once('/')?.0.to_owned()));
    drop(paths);
    let root = root.ok_or("the release of Swagger UI has no folder")?;
    let mut packed = ZipWriter::new(File::create(target)?);
    for name in VIEWER {
        let file = release.by_name(&format!("{root}/{name}"))?;
        packed.raw_copy_file_rename(file, name)?;
    }
    packed.finish()?;
    Ok(())
}

/// Sets the commit for `--version`. It never fails: an archive without git has no commit.
fn name_commit() {
    println!("cargo::rerun-if-env-changed=ATOLL_COMMIT");
    let given = env::var("ATOLL_COMMIT").ok();
    let given = given.filter(|commit| !commit.is_empty());
    // A development build would be compiled again after each commit.
    let commit = given.or_else(|| is("PROFILE", "release").then(from_git).flatten());
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
    output("git", arguments)
}

/// Stores the relocations of a release in the form `DT_RELR`, which is 1 MB smaller, if the C library of this machine can read it.
fn pack_relocations() {
    let is_native = is("CARGO_CFG_TARGET_ENV", "gnu") && env::var("HOST") == env::var("TARGET");
    if is("PROFILE", "release") && is_native && glibc() >= Some((2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Returns the version of the C library, if it is that of GNU.
fn glibc() -> Option<(u32, u32)> {
    let text = output("getconf", &["GNU_LIBC_VERSION"])?;
    let (major, minor) = text.strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn is(variable: &str, value: &str) -> bool {
    env::var(variable).is_ok_and(|found| found == value)
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
