//! `atoll config`
use std::io::stdout;

use crate::config::{Configuration, show};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the effective values and where each is from, without passwords
    Show,
}

impl Command {
    /// What is wrong with the values is reported after them.
    pub fn run(self) -> anyhow::Result<()> {
        let Self::Show = self;
        let configuration = Configuration::of_process()?;
        show(&configuration, &mut stdout())?;
        configuration.settings().map(drop)
    }
}
