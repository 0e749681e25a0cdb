//! `atoll openapi`: prints the OpenAPI document.
use std::io::{Write, stdout};

use crate::docs;

pub fn run() -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&docs::document())?;
    writeln!(stdout(), "{text}")?;
    Ok(())
}
