//! `atoll import`: imports rows from a file.
use std::{
    fs::File,
    io::{Read, Write, stderr, stdin},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use kernel::Session;
use web::{
    Draining,
    transfer::{Format, OnError, Reading, Report, Stop, Text, Transfer, Writing},
};

use super::{
    context::{Operator, say},
    explain::explain,
    transfer::{format_of, is_standard, one_of, resource},
    user::find,
};
use crate::config::Inputs;

#[derive(Debug, clap::Args)]
pub struct Import {
    /// Resource: users, posts, comments, …
    resource: String,
    /// Input file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Format [default: from the file extension]
    #[arg(long, value_parser = one_of(&Format::ALL))]
    format: Option<Format>,
    /// On an invalid record: abort (roll back its batch of 1,000 and stop) or skip it
    #[arg(long, value_name = "ACTION", default_value = "abort", value_parser = one_of(&OnError::ALL))]
    on_error: OnError,
    /// Check the records without writing them
    #[arg(long)]
    dry_run: bool,
    /// Skip the first N records, to continue an import that stopped
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: u64,
    /// User who owns the records that name no author
    #[arg(long, value_name = "USERNAME")]
    author: Option<String>,
    /// References to look up by name instead of id: author.username, post.slug
    #[arg(long, value_name = "REFERENCE", value_delimiter = ',')]
    map: Vec<String>,
}

impl Import {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let Transfer {
            has_author,
            import,
            references,
            ..
        } = resource(&self.resource)?;
        let known = references();
        if let Some(unknown) = self.map.iter().find(|name| !known.contains(name)) {
            bail!(
                "{} have no reference `{unknown}` (expected one of: {})",
                self.resource,
                known.join(", ")
            );
        }
        ensure!(
            self.author.is_none() || has_author(),
            "{} belong to no user; remove --author",
            self.resource
        );
        let format = format_of(self.format, &self.file)?;
        let session = session(inputs).await?;
        let author = self.author(&session).await?;
        let session = session.with_default_owner(author);
        let reading = Reading {
            format,
            skip: self.skip,
            has_author: author.is_some(),
            map: self.map.clone(),
        };
        let writing = Writing {
            on_error: self.on_error,
            is_dry: self.dry_run,
            draining: Draining::default(),
        };
        let (text, bar) = self.open()?;
        let (report, end) = import(&session, text, reading, writing).await;
        bar.finish_and_clear();
        session.kernel.database.close().await.map_err(explain)?;
        self.print_report(&report)?;
        end.map_err(|stop| self.explain(stop, &report))
    }

    async fn author(&self, session: &Session) -> anyhow::Result<Option<i64>> {
        match &self.author {
            Some(name) => find(session, name).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens the input with a progress bar; the size of standard input is unknown.
    fn open(&self) -> anyhow::Result<(Text, ProgressBar)> {
        let (text, size): (Box<dyn Read + Send>, _) = if is_standard(&self.file) {
            (Box::new(stdin()), None)
        } else {
            let file = File::open(&self.file);
            let file = file.with_context(|| format!("opening {}", self.file.display()))?;
            let size = file.metadata()?.len();
            (Box::new(file), Some(size))
        };
        let style = match size {
            Some(_) => "{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{spinner} {bytes}, {bytes_per_sec}, {elapsed}",
        };
        let bar = size.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let bar = bar.with_style(ProgressStyle::with_template(style)?);
        Ok((Box::new(bar.wrap_read(text)), bar))
    }

    /// Prints the result to standard output and the errors to standard error.
    fn print_report(&self, report: &Report) -> anyhow::Result<()> {
        for error in &report.errors {
            let at = if error.pointer.is_empty() { "" } else { ", " };
            let (line, pointer) = (error.line, &error.pointer);
            writeln!(stderr(), "line {line}{at}{pointer}: {}", error.detail)?;
        }
        let verb = if self.dry_run {
            "would be created"
        } else {
            "created"
        };
        let (created, refused) = (HumanCount(report.created), HumanCount(report.refused));
        let read = HumanCount(report.lines);
        say(format_args!(
            "{read} records read: {created} {verb}, {refused} refused."
        ))
    }

    fn explain(&self, stop: Stop, report: &Report) -> anyhow::Error {
        let error = match stop {
            Stop::Refused => anyhow::anyhow!("some records are invalid"),
            Stop::Broken(error) => error.into(),
            Stop::Draining => anyhow::anyhow!("the process is shutting down"),
            Stop::Failed(error) => explain(error),
        };
        if self.dry_run {
            return error;
        }
        let committed = report.committed_lines;
        error.context(format!(
            "stopped after {} committed records; correct the error and continue with --skip {committed}",
            HumanCount(committed)
        ))
    }
}

/// Opens a session with long deadlines: a batch may take longer than any request.
async fn session(inputs: &Inputs) -> anyhow::Result<Session> {
    let mut operator = Operator::start(inputs)?;
    let database = &mut operator.settings.database;
    database.slow_statement = Duration::from_mins(1);
    database.extend_deadlines();
    operator.session().await
}
