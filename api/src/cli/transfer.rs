//! What `atoll export` and `atoll import` have in common.
use std::path::Path;

use anyhow::Context;

use crate::{
    routes::routes,
    transfer::{Format, Transfer},
};

/// `-`, as a file.
pub fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

pub fn resource(name: &str) -> anyhow::Result<Transfer> {
    let known = Transfer::all(&routes());
    let found = known.iter().find(|transfer| transfer.name == name).copied();
    found.with_context(|| {
        let names: Vec<_> = known.iter().map(|transfer| transfer.name).collect();
        format!("there is no {name}: there are {}", names.join(", "))
    })
}

/// The one that was named, or else the one that the name of the file ends in.
pub fn format_of(named: Option<Format>, file: &Path) -> anyhow::Result<Format> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    let known = Format::ALL.iter();
    let guessed = known.filter(|(name, _)| Some(*name) == extension);
    let guessed = guessed.map(|(_, format)| *format).next();
    named.or(guessed).with_context(|| {
        format!(
            "the name {} does not say which format it is: add --format ndjson or --format csv",
            file.display()
        )
    })
}

/// `NAME=VALUE`
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
