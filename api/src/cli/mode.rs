//! `atoll mode`: shows or switches the mode of all servers.
use kernel::mode::{self, ServerMode};

use super::{
    context::{Operator, say},
    explain::explain,
};
use crate::{config::Inputs, mode::mode_of};

#[derive(Debug, clap::Args)]
pub struct Mode {
    /// The mode to switch to; without it the current one is printed
    #[arg(value_enum)]
    mode: Option<Choice>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Choice {
    /// Accept writes again
    #[value(name = "read_write")]
    ReadWrite,
    /// Refuse writes with 503 `read_only`, and serve reads
    #[value(name = "read_only")]
    ReadOnly,
}

impl Mode {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let operator = Operator::start(inputs)?;
        let session = operator.session().await?;
        let database = &session.kernel.database;
        if let Some(choice) = self.mode {
            let wanted = match choice {
                Choice::ReadWrite => ServerMode::ReadWrite,
                Choice::ReadOnly => ServerMode::ReadOnly,
            };
            mode::switch(&session, wanted).await.map_err(explain)?;
        } else {
            mode::load(&session.kernel).await.map_err(explain)?;
        }
        let reasons = database.read_only_reasons();
        database.close().await.map_err(explain)?;
        let mode = match mode_of(&reasons) {
            ServerMode::ReadWrite => "read_write",
            ServerMode::ReadOnly => "read_only",
        };
        say(format_args!("all servers: {mode}"))
    }
}
