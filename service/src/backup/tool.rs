//! Runs programs of the machine: those of PostgreSQL, and `age`.
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Result, refused};

/// Finds a program in PATH and then in these folders.
pub fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = env::split_paths(&path);
    let mut candidates = in_path
        .chain(folders.iter().cloned())
        .map(|folder| folder.join(name));
    candidates.find(|file| file.is_file())
}

/// Runs a program to its successful end, and returns what it printed.
pub async fn run(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    variables: &[(&'static str, String)],
) -> Result<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)));
    let name = program.display().to_string();
    let done = tokio::task::spawn_blocking(move || command.output()).await;
    let output = done
        .map_err(|error| refused(error.to_string()))?
        .map_err(|error| refused(format!("{name} cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(refused(format!("{name} failed: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
