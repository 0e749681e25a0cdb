//! Everything outside the program that configuration is made from, as a value: a test makes its own.
use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail};

pub type Variables = BTreeMap<String, String>;

#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Where `config/` is looked for.
    pub folder: PathBuf,
    /// What `.env` says.
    pub dotenv: Variables,
    pub environment: Variables,
}

impl Inputs {
    pub fn of_process() -> anyhow::Result<Self> {
        Ok(Self {
            folder: PathBuf::new(),
            dotenv: dotenv(Path::new(".env"))?,
            environment: environment()?,
        })
    }

    /// The environment wins.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        value(&self.environment, name).or_else(|| value(&self.dotenv, name))
    }
}

/// An empty variable counts as absent: that is what `${NAME:-}` in a compose file leaves.
pub(super) fn value<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    let value = variables.get(name).filter(|value| !value.is_empty());
    value.map(String::as_str)
}

/// Only this file, not those of the folders above, which may belong to something else.
fn dotenv(path: &Path) -> anyhow::Result<Variables> {
    if !path.exists() {
        return Ok(Variables::new());
    }
    // The error would quote the line, and the line may hold a password.
    let unreadable = |error| match error {
        dotenvy::Error::Io(error) => anyhow!("{}: {error}", path.display()),
        _ => anyhow!(
            "{} has a line that is not NAME=value; values with spaces or $ want 'quotes'",
            path.display()
        ),
    };
    dotenvy::from_path_iter(path)
        .map_err(unreadable)?
        .map(|line| line.map_err(unreadable))
        .collect()
}

fn environment() -> anyhow::Result<Variables> {
    let mut variables = Variables::new();
    for (name, value) in env::vars_os() {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => {
                variables.insert(name, value);
            }
            Err(_) if name.starts_with("ATOLL") || super::variables::is_alias(&name) => {
                bail!("the environment variable {name} is not UTF-8")
            }
            Err(_) => {}
        }
    }
    Ok(variables)
}
