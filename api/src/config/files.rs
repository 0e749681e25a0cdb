//! Reads settings from files: the built-in ones, each overridden by the file of the same name in the configuration folder, and
//! the one that `--config` names.
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, ensure};
use config::{FileFormat, Format, Map, Value};

use super::{Inputs, Profile, keys};

/// Returns the layers, each of which overrides the ones before it.
pub(super) fn layers(inputs: &Inputs, profile: Profile) -> anyhow::Result<Vec<Map<String, Value>>> {
    let folder = folder(inputs)?;
    let mut layers = Vec::new();
    for (name, text) in [
        ("default", keys::DEFAULT),
        (profile.name(), profile.built_in()),
    ] {
        let name = format!("{name}.toml");
        layers.push(parse(&format!("{name}, built in"), text)?);
        layers.extend(read(&folder.join(name))?);
    }
    if let Some(file) = &inputs.file {
        let file = inputs.folder.join(file);
        let missing = || format!("--config: there is no file {}", file.display());
        layers.push(read(&file)?.with_context(missing)?);
    }
    Ok(layers)
}

fn folder(inputs: &Inputs) -> anyhow::Result<PathBuf> {
    let Some(named) = inputs.get("ATOLL_CONFIG_DIR") else {
        return Ok(inputs.folder.join("config"));
    };
    let folder = inputs.folder.join(named);
    ensure!(
        folder.is_dir(),
        "ATOLL_CONFIG_DIR must name an existing folder"
    );
    Ok(folder)
}

fn read(path: &Path) -> anyhow::Result<Option<Map<String, Value>>> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&path.display().to_string(), &text).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn parse(origin: &String, text: &str) -> anyhow::Result<Map<String, Value>> {
    let table = FileFormat::Toml.parse(Some(origin), text);
    table.map_err(|error| anyhow!("{origin}: {}", without_excerpt(&error.to_string())))
}

/// Removes the lines between the location and the problem: they quote the file, which may contain passwords.
fn without_excerpt(error: &str) -> String {
    let mut lines = error.lines().map(str::trim);
    let place = lines.next().unwrap_or_default();
    match lines.rfind(|line| !line.is_empty()) {
        Some(problem) => format!("{place}: {problem}"),
        None => place.to_owned(),
    }
}
