//! Encrypts and decrypts copies with the program `age`. The crate of the same name would bring a second stack of cryptography,
//! with sixty crates; the program is in Debian and is what an operator needs to read a backup without Atoll.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Result, at, refused, tool};

fn age() -> Result<PathBuf> {
    let missing = || refused("the program `age` is not installed: `apt-get install age`");
    tool::find("age", &[]).ok_or_else(missing)
}

/// Encrypts a file for these public keys and removes the plain one. Returns the path of the file that is left.
pub fn encrypt(file: &Path, recipients: &[String]) -> Result<PathBuf> {
    if recipients.is_empty() {
        return Ok(file.to_owned());
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".age");
    let encrypted = PathBuf::from(name);
    let mut command = Command::new(age()?);
    for recipient in recipients {
        command.arg("--recipient").arg(recipient);
    }
    command.arg("--output").arg(&encrypted).arg(file);
    finish(&mut command)?;
    fs::remove_file(file).map_err(at(file))?;
    Ok(encrypted)
}

/// Decrypts a file with the private keys in a file.
pub fn decrypt(file: &Path, identity: Option<&Path>, into: &Path) -> Result<()> {
    let missing = || refused("the backup is encrypted: pass --identity FILE with its private key");
    let identity = identity.ok_or_else(missing)?;
    let mut command = Command::new(age()?);
    command.arg("--decrypt").arg("--identity").arg(identity);
    command.arg("--output").arg(into).arg(file);
    finish(&mut command)
}

fn finish(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .map_err(|error| refused(format!("age cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(refused(format!("age failed: {}", said.trim())))
}
