//! `atoll seed`: adds sample rows.
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::ArgGroup;
use indicatif::{ProgressBar, ProgressStyle};
use service::seed::{Amounts, seed};

use super::{
    context::{Operator, say},
    explain::explain,
};
use crate::config::Profile;

#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("amounts").args(["users", "posts", "comments"]).required(true).multiple(true)))]
pub struct Seed {
    /// Number of users to add
    #[arg(long, value_name = "N", default_value_t = 0)]
    users: u32,
    /// Number of posts to add
    #[arg(long, value_name = "N", default_value_t = 0)]
    posts: u32,
    /// Number of comments to add
    #[arg(long, value_name = "N", default_value_t = 0)]
    comments: u32,
    /// Allow in production
    #[arg(long)]
    force: bool,
}

impl Seed {
    pub async fn run(self) -> anyhow::Result<()> {
        let Self {
            users,
            posts,
            comments,
            force,
        } = self;
        let amounts = Amounts {
            users,
            posts,
            comments,
        };
        let mut operator = Operator::start()?;
        ensure!(
            force || operator.profile != Profile::Production,
            "refusing to seed production data; pass --force to do it anyway"
        );
        // One statement inserts a thousand rows and would be logged as slow, with its whole text.
        operator.settings.database.slow_statement = Duration::from_mins(1);
        operator.settings.database.extend_deadlines();
        let session = operator.session().await?;

        let bar = progress_bar(amounts.total())?;
        let start = Instant::now();
        let seeded = seed(&session, amounts, |rows| bar.inc(u64::from(rows))).await;
        bar.finish_and_clear();
        seeded.map_err(explain)?;
        session.kernel.database.close().await.map_err(explain)?;

        say(report(amounts, start.elapsed()))?;
        if users > 0 {
            say(
                "Seeded users have no password; set one with `atoll user password --username NAME`.",
            )?;
        }
        Ok(())
    }
}

/// The progress bar is drawn only on a terminal.
fn progress_bar(total: u64) -> anyhow::Result<ProgressBar> {
    let style = "{bar:40} {human_pos}/{human_len} rows, {per_sec}, {eta} left";
    Ok(ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?))
}

fn report(amounts: Amounts, time: Duration) -> String {
    let Amounts {
        users,
        posts,
        comments,
    } = amounts;
    let milliseconds = time.as_millis().max(1);
    let rate = u128::from(amounts.total()) * 1_000 / milliseconds;
    format!(
        "Added {users} users, {posts} posts and {comments} comments in {:.1} s: {rate} rows/s.",
        time.as_secs_f64()
    )
}
