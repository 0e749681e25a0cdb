//! The sources of the configuration outside the program, as a value that a test can construct.
use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail};

pub type Variables = BTreeMap<String, String>;

#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The folder that contains `config/`.
    pub folder: PathBuf,
    /// The variables of `.env`.
    pub dotenv: Variables,
    pub environment: Variables,
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// The options of the command line that set a value.
    pub options: Vec<Setting>,
}

/// An option of the command line that sets a value.
#[derive(Clone, Debug)]
pub struct Setting {
    pub option: &'static str,
    pub key: &'static str,
    pub text: String,
}

impl Inputs {
    /// `file` is the one that `--config` names.
    pub fn from_process(file: Option<PathBuf>) -> anyhow::Result<Self> {
        Ok(Self {
            folder: PathBuf::new(),
            file,
            options: Vec::new(),
            dotenv: dotenv(Path::new(".env"))?,
            environment: environment()?,
        })
    }

    /// Returns a variable of the environment, or else of `.env`.
    pub fn get(&self, name: &str) -> Option<&str> {
        value(&self.environment, name).or_else(|| value(&self.dotenv, name))
    }
}

/// An empty variable counts as absent, because `${NAME:-}` in a compose file sets one.
pub(super) fn value<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    let value = variables.get(name).filter(|value| !value.is_empty());
    value.map(String::as_str)
}

/// Reads only this file, not those of parent folders, which may belong to another program.
fn dotenv(path: &Path) -> anyhow::Result<Variables> {
    if !path.exists() {
        return Ok(Variables::new());
    }
    // The error would quote the line, and the line may hold a password.
    let unreadable = |error| match error {
        dotenvy::Error::Io(error) => anyhow!("{}: {error}", path.display()),
        _ => anyhow!(
            "{} has a line that is not NAME=value; put values with spaces or $ in 'single quotes'",
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
