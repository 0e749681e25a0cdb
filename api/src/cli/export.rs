//! `atoll export`: exports rows to a file.
use std::{
    io::{Write, stderr, stdout},
    path::{Path, PathBuf},
};

use anyhow::Context;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use kernel::Session;
use tempfile::NamedTempFile;
use web::transfer::{AnyPages, Format, Transfer};

use super::{
    context::{Operator, say},
    explain::explain,
    transfer::{format_of, is_standard, one_of, pair, resource},
};
use crate::config::Inputs;

#[derive(Debug, clap::Args)]
pub struct Export {
    /// Resource: users, posts, comments, …
    resource: String,
    /// Output file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Format [default: from the file extension]
    #[arg(long, value_parser = one_of(&Format::ALL))]
    format: Option<Format>,
    /// Query parameter as in a list, repeatable: `status=published`, `deleted=include`, `sort=…`, `fields=…`
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
}

impl Export {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let Transfer { export, .. } = resource(&self.resource)?;
        let format = format_of(self.format, &self.file)?;
        let pages = export(format, &self.filters).map_err(explain)?;
        let mut operator = Operator::start(inputs)?;
        operator.settings.database.extend_deadlines();
        let session = operator.session().await?;
        let rows = if is_standard(&self.file) {
            write(&session, pages, &mut stdout()).await?
        } else {
            write_file(&session, pages, &self.file).await?
        };
        session.kernel.database.close().await.map_err(explain)?;
        let report = format!("Exported {} {}.", HumanCount(rows), self.resource);
        if is_standard(&self.file) {
            Ok(writeln!(stderr(), "{report}")?)
        } else {
            say(report)
        }
    }
}

/// Writes a temporary file and renames it when it is complete, so that no half export is left.
async fn write_file(
    session: &Session,
    pages: Box<dyn AnyPages>,
    path: &Path,
) -> anyhow::Result<u64> {
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let context = || format!("writing {}", path.display());
    // It contains addresses and drafts, so only the current user may read it, whatever the umask.
    let mut file = NamedTempFile::new_in(folder).with_context(context)?;
    let rows = write(session, pages, &mut file).await?;
    let persisted = |file: NamedTempFile| {
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)
    };
    persisted(file).with_context(context)?;
    Ok(rows)
}

async fn write(
    session: &Session,
    mut pages: Box<dyn AnyPages>,
    to: &mut impl Write,
) -> anyhow::Result<u64> {
    let style = "{bar:40} {human_pos}/{human_len} rows, {per_sec}, {eta} left";
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(style)?);
    let mut rows = 0;
    while let Some(page) = pages.next(session).await.map_err(explain)? {
        to.write_all(&page.bytes)?;
        rows += page.rows;
        bar.inc(page.rows);
        if let Some(total) = page.total {
            bar.set_length(total);
        }
    }
    to.flush()?;
    bar.finish_and_clear();
    Ok(rows)
}
