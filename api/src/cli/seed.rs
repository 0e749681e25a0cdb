//! `atoll seed`: adds sample rows.
use std::{
    io::Cursor,
    time::{Duration, Instant},
};

use anyhow::{anyhow, ensure};
use clap::{Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Actor, Session, registry::Table};
use secrecy::SecretString;
use service::{
    registry,
    seed::{Amounts, Bodies, seed},
};
use web::{
    Draining,
    transfer::{Format, OnError, Reading, Report, Stop, Writing},
};

use super::{
    context::{Operator, say},
    explain::explain,
    transfer::resource,
    user,
};
use crate::config::{Inputs, Profile, SEED_PASSWORD};

/// The rows that one transaction adds to a table that is not written in bulk.
const BATCH: u32 = 1_000;

#[derive(Debug)]
pub struct Seed {
    /// The number of rows to add, for each table that declares a sample.
    amounts: Vec<(&'static str, u32)>,
    options: Options,
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Ask for a password that all added users get; without it, the variable `ATOLL_SEED_PASSWORD` may hold one
    #[arg(long)]
    ask_password: bool,
    /// Allow in production
    #[arg(long)]
    force: bool,
}

/// The tables that declare a sample, owners before what they own.
fn tables() -> impl Iterator<Item = &'static Table> {
    let tables = registry().tables().iter();
    tables.filter(|table| table.sample.is_some())
}

/// The options for amounts follow from the registry.
impl Args for Seed {
    fn augment_args(command: Command) -> Command {
        let amount = |table: &'static Table| {
            Arg::new(table.name)
                .long(table.name)
                .value_name("N")
                .value_parser(value_parser!(u32))
                .help(format!("Number of {} to add", table.name))
        };
        let names = tables().map(|table| table.name);
        let amounts = ArgGroup::new("amounts").args(names);
        let command = command.args(tables().map(amount));
        Options::augment_args(command.group(amounts.required(true).multiple(true)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Seed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let amount = |table: &Table| {
            let given = matches.get_one::<u32>(table.name).copied();
            Some((table.name, given.filter(|rows| *rows > 0)?))
        };
        Ok(Self {
            amounts: tables().filter_map(amount).collect(),
            options: Options::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Seed {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let mut operator = Operator::start(inputs)?;
        ensure!(
            self.options.force || operator.profile() != Profile::Production,
            "refusing to seed production data; pass --force to do it anyway"
        );
        // One statement inserts a thousand rows and would be logged as slow, with its whole text.
        operator.settings.database.slow_statement = Duration::from_mins(1);
        operator.settings.database.extend_deadlines();
        let session = operator.session().await?;
        let password = self.password(inputs)?;
        let has_password = password.is_some();

        let bar = progress_bar(self.amounts.iter().map(|(_, rows)| u64::from(*rows)).sum())?;
        let start = Instant::now();
        let done = self.add(&session, password, &bar).await;
        bar.finish_and_clear();
        session.kernel.database.close().await.map_err(explain)?;
        done?;

        say(self.report(start.elapsed()))?;
        if self.amount("users") == 0 {
            return Ok(());
        }
        say(if has_password {
            "The added users have the given password; `atoll user list` shows their names."
        } else {
            "The added users have no password; set one with `atoll user password NAME`."
        })
    }

    fn amount(&self, table: &str) -> u32 {
        let found = self.amounts.iter().find(|(name, _)| *name == table);
        found.map_or(0, |(_, rows)| *rows)
    }

    /// Returns the password of the added users, which must not be on the command line, where others can see it.
    fn password(&self, inputs: &Inputs) -> anyhow::Result<Option<SecretString>> {
        if self.options.ask_password {
            ensure!(
                self.amount("users") > 0,
                "--ask-password is for users: add --users N"
            );
            return user::read_password().map(Some);
        }
        Ok(inputs.get(SEED_PASSWORD).map(SecretString::from))
    }

    /// Adds users, posts and comments in bulk, and then all other rows like an import.
    async fn add(
        &self,
        session: &Session,
        password: Option<SecretString>,
        bar: &ProgressBar,
    ) -> anyhow::Result<()> {
        let amounts = Amounts {
            users: self.amount("users"),
            posts: self.amount("posts"),
            comments: self.amount("comments"),
        };
        let progress = |rows| bar.inc(u64::from(rows));
        seed(session, amounts, password, progress)
            .await
            .map_err(explain)?;
        let in_bulk = ["users", "posts", "comments"];
        let others = self
            .amounts
            .iter()
            .filter(|(name, _)| !in_bulk.contains(name));
        for (name, rows) in others {
            import(session, name, *rows, bar).await?;
        }
        Ok(())
    }

    /// `Added 20 users, 50 posts and 80 comments in 0.1 s: 1500 rows/s.`
    fn report(&self, time: Duration) -> String {
        let rows: u64 = self.amounts.iter().map(|(_, rows)| u64::from(*rows)).sum();
        let rate = u128::from(rows) * 1_000 / time.as_millis().max(1);
        let parts = self
            .amounts
            .iter()
            .map(|(name, rows)| format!("{rows} {name}"));
        let parts: Vec<_> = parts.collect();
        let list = match parts.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "nothing".to_owned(),
        };
        format!(
            "Added {list} in {:.1} s: {rate} rows/s.",
            time.as_secs_f64()
        )
    }
}

/// Adds rows from the sample of a table.
async fn import(
    session: &Session,
    name: &str,
    count: u32,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let table = registry().table(name).map_err(explain)?;
    let bodies = Bodies::new(session, table).await.map_err(explain)?;
    let import = resource(name)?.import;
    let mut done = 0;
    while done < count {
        let end = count.min(done.saturating_add(BATCH));
        let text = Box::new(Cursor::new(bodies.lines(done..end)));
        let reading = Reading {
            format: Format::Ndjson,
            skip: 0,
            has_author: true,
            map: Vec::new(),
        };
        let writing = Writing {
            on_error: OnError::Abort,
            is_dry: false,
            draining: Draining::default(),
        };
        let session = session.acting_as(Actor::System);
        let session = session.with_default_owner(bodies.any_author());
        let (report, result) = import(&session, text, reading, writing).await;
        result.map_err(|stop| refused(name, stop, &report))?;
        bar.inc(u64::from(end - done));
        done = end;
    }
    Ok(())
}

fn refused(table: &str, stop: Stop, report: &Report) -> anyhow::Error {
    match (stop, report.errors.first()) {
        (Stop::Failed(error), _) => explain(error),
        (_, Some(first)) => anyhow!(
            "the sample of {table} is refused: {} {}",
            first.pointer,
            first.detail
        ),
        (stop, None) => anyhow!("the sample of {table} cannot be imported: {stop:?}"),
    }
}

/// The progress bar is drawn only on a terminal.
fn progress_bar(total: u64) -> anyhow::Result<ProgressBar> {
    let style = "{bar:40} {human_pos}/{human_len} rows, {per_sec}, {eta} left";
    Ok(ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?))
}
