//! `atoll config`: shows the configuration.
use std::io::stdout;

use crate::config::{Configuration, show};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the effective values and their origins, without passwords
    Show,
}

impl Command {
    /// Prints the values first, then fails if some are invalid.
    pub fn run(self) -> anyhow::Result<()> {
        let Self::Show = self;
        let configuration = Configuration::from_process()?;
        show(&configuration, &mut stdout())?;
        configuration.settings().map(drop)
    }
}
