//! `atoll man`: writes the manual pages.
use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::{Cli, context::say};

#[derive(Debug, clap::Args)]
pub struct Pages {
    /// Folder to write the pages to, which is created
    folder: PathBuf,
}

impl Pages {
    /// Writes a page for the program and one for each command, such as `atoll-user-create.1`.
    pub fn run(self) -> anyhow::Result<()> {
        let folder = self.folder;
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let mut program = Cli::command();
        program.build();
        let pages = with_subcommands(&program);
        for page in &pages {
            let name = name(page);
            let mut text = Vec::new();
            Man::new(page.clone())
                .title(name.to_uppercase())
                .render(&mut text)?;
            let file = folder.join(format!("{name}.1"));
            fs::write(&file, text).with_context(|| file.display().to_string())?;
        }
        say(format_args!(
            "{} pages in {}",
            pages.len(),
            folder.display()
        ))
    }
}

/// Returns a command and all commands below it.
fn with_subcommands(command: &Command) -> Vec<Command> {
    let below = command
        .get_subcommands()
        .filter(|below| below.get_name() != "help" && !below.is_hide_set());
    let below = below.flat_map(with_subcommands);
    std::iter::once(command.clone()).chain(below).collect()
}

/// Returns the name of a page, such as `atoll-user-create`.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}
