//! `atoll purge`: deletes expired data.
use indicatif::{ProgressBar, ProgressStyle};
use service::retention::{self, Expired};

use super::{
    context::{Operator, say},
    explain::explain,
};
use crate::config::Inputs;

#[derive(Debug, clap::Args)]
pub struct Purge {
    /// Print how many rows would be purged, without purging them
    #[arg(long)]
    dry_run: bool,
}

impl Purge {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let operator = Operator::start(inputs)?;
        let kernel = operator.kernel().await?;
        let expired = if self.dry_run {
            retention::preview(&kernel).await
        } else {
            let bar = ProgressBar::new_spinner()
                .with_style(ProgressStyle::with_template("{spinner} {msg}, {elapsed}")?);
            let show =
                |Expired { table, rows }: &Expired| bar.set_message(format!("{rows} of {table}"));
            let purged = retention::purge(&kernel, show).await;
            bar.finish_and_clear();
            purged
        };
        kernel.database.close().await.map_err(explain)?;
        let verb = if self.dry_run {
            "would be purged"
        } else {
            "purged"
        };
        for Expired { table, rows } in expired.map_err(explain)? {
            say(format_args!("{table}: {rows} {verb}"))?;
        }
        Ok(())
    }
}
