//! The options and the progress that `atoll export` and `atoll import` share.
use std::path::Path;

use anyhow::Context;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use web::{
    transfer::{Format, Transfer},
    transfers,
};

use crate::routes::routes;

/// Tells whether the file is `-`, standard input or output.
pub fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

pub fn resource(name: &str) -> anyhow::Result<Transfer> {
    let known = transfers(&routes());
    let found = known.iter().find(|transfer| transfer.name == name).copied();
    found.with_context(|| {
        let names: Vec<_> = known.iter().map(|transfer| transfer.name).collect();
        format!(
            "unknown resource `{name}` (expected one of: {})",
            names.join(", ")
        )
    })
}

/// Returns the given format, or else that of the file extension.
pub fn format_of(named: Option<Format>, file: &Path) -> anyhow::Result<Format> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    let known = Format::ALL.iter();
    let guessed = known.filter(|(name, _)| Some(*name) == extension);
    let guessed = guessed.map(|(_, format)| *format).next();
    named.or(guessed).with_context(|| {
        format!(
            "cannot tell the format from the file name `{}`; pass --format ndjson or --format csv",
            file.display()
        )
    })
}

/// Returns a parser that accepts these names.
pub fn one_of<T: Copy + Send + Sync>(
    choices: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(choices.iter().map(|(name, _)| *name));
    names.try_map(|text| {
        let found = choices.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or("unknown value")
    })
}

/// Parses `NAME=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
