//! `atoll audit`: checks the audit log.
use anyhow::bail;
use kernel::audit::{Receipt, verify};

use super::{
    context::{Operator, say},
    explain::explain,
};
use crate::config::Inputs;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Compare all entries with their seals; exit with 1 if entries were changed, removed or added
    Verify {
        /// Receipt of an earlier run, to detect entries removed from the end since then
        #[arg(long, value_parser = receipt)]
        receipt: Option<Receipt>,
    },
}

impl Command {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let Self::Verify { receipt } = self;
        let mut operator = Operator::start(inputs)?;
        // Reading the whole log may take longer than the deadlines of requests.
        operator.settings.database.extend_deadlines();
        let kernel = operator.kernel().await?;
        let verdict = verify(&kernel, receipt.as_ref()).await.map_err(explain)?;
        kernel.database.close().await.map_err(explain)?;
        say(format_args!(
            "Checked {} entries in {} blocks; {} entries are not sealed yet.",
            verdict.entries, verdict.blocks, verdict.unsealed
        ))?;
        for problem in &verdict.problems {
            say(problem)?;
        }
        if !verdict.problems.is_empty() {
            bail!("the audit log was tampered with");
        }
        say(format_args!(
            "No tampering found. Receipt: {}",
            verdict.receipt
        ))
    }
}

fn receipt(text: &str) -> Result<Receipt, &'static str> {
    text.parse()
}
