//! `atoll config`: shows the configuration.
use std::io::stdout;

use crate::config::{Configuration, Inputs, show};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the effective values and their origins, without passwords
    Show,
}

impl Command {
    /// Prints the values first, then fails if some are invalid.
    pub fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let Self::Show = self;
        let configuration = Configuration::read(inputs)?;
        show(&configuration, &mut stdout())?;
        configuration.settings().map(drop)
    }
}
