//! `atoll audit`
use anyhow::bail;
use service::audit::{Receipt, verify};

use super::{
    context::{Operator, say},
    explain::explain,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Compare every entry with its seal; ends with 1 where one was altered, removed or put in
    Verify {
        /// What an earlier run printed as its receipt: shows that nothing was cut off the end since
        #[arg(long, value_parser = receipt)]
        receipt: Option<Receipt>,
    },
}

impl Command {
    pub async fn run(self) -> anyhow::Result<()> {
        let Self::Verify { receipt } = self;
        let mut operator = Operator::start()?;
        // A walk through all there is takes its time.
        operator.settings.database.extend_deadlines();
        let kernel = operator.kernel().await?;
        let verdict = verify(&kernel, receipt.as_ref()).await.map_err(explain)?;
        kernel.database.close().await.map_err(explain)?;
        say(format_args!(
            "{} entries in {} blocks, {} not sealed yet.",
            verdict.entries, verdict.blocks, verdict.unsealed
        ))?;
        for problem in &verdict.problems {
            say(problem)?;
        }
        if !verdict.problems.is_empty() {
            bail!("the audit is not as it was sealed");
        }
        say(format_args!(
            "Nothing was changed. Receipt: {}",
            verdict.receipt
        ))
    }
}

fn receipt(text: &str) -> Result<Receipt, &'static str> {
    text.parse()
}
