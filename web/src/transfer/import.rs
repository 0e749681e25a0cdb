//! Creates rows from records, one transaction per batch, with the validation of single creations.
use std::io::{self, Read};

use kernel::{Crud, CrudOperations, Error, Refusal, Result, Session, Tx};
use tokio::{
    sync::mpsc::{Receiver, channel},
    task::spawn_blocking,
};

use super::{
    reader::{Batch, ReadError, Reading, read},
    references::References,
    report::Report,
};
use crate::{
    draining::Draining,
    resource::{New, Writable},
};

/// The reaction of an import to an invalid record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Roll back the batch that contains the record, and stop.
    #[default]
    Abort,
    /// Leave out the record.
    Skip,
}

impl OnError {
    pub const ALL: [(&str, Self); 2] = [("abort", Self::Abort), ("skip", Self::Skip)];
}

/// Settings of the writing side.
#[derive(Debug, Clone)]
pub struct Writing {
    pub on_error: OnError,
    /// Whether every batch is rolled back. Later batches then do not see the rows of earlier ones.
    pub is_dry: bool,
    /// No new batch is written once the process is shutting down.
    pub draining: Draining,
}

/// The reason why an import stopped before the end of its text.
#[derive(Debug)]
pub enum Stop {
    /// A record or the header was refused.
    Refused,
    /// The text could not be read to its end.
    Broken(io::Error),
    /// The process is shutting down.
    Draining,
    /// A failure that is not caused by the text.
    Failed(Error),
}

struct Importer<'a> {
    session: &'a Session,
    writing: Writing,
    references: References,
    report: Report,
}

/// Imports a text. Returns the report and why the import stopped early, if it did. The records that the report counts as
/// committed are committed in either case.
pub async fn import<V: Writable>(
    session: &Session,
    text: impl Read + Send + 'static,
    reading: Reading,
    writing: Writing,
) -> (Report, Result<(), Stop>) {
    let (sender, mut batches) = channel(1);
    let references = References::new::<V::Service>(&reading.map);
    let skipped = reading.skip;
    let reader = spawn_blocking(move || read::<V>(text, &reading, &sender));
    let mut importer = Importer::new(session, writing, (references, skipped));
    let mut end = importer.write_all::<V>(&mut batches).await;
    // Closing the channel ends the reader.
    drop(batches);
    if end.is_ok() {
        end = match reader.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(ReadError::Broken(error))) => Err(Stop::Broken(error)),
            Ok(Err(ReadError::Refused(line, refusal))) => {
                importer.report.add_errors(line, vec![refusal]);
                Err(Stop::Refused)
            }
            Err(panicked) => Err(Stop::Failed(Error::internal(panicked))),
        };
    }
    (importer.report, end)
}

impl<'a> Importer<'a> {
    fn new(
        session: &'a Session,
        writing: Writing,
        (references, skipped): (References, u64),
    ) -> Self {
        let report = Report {
            lines: skipped,
            committed_lines: if writing.is_dry { 0 } else { skipped },
            dry_run: writing.is_dry,
            ..Report::default()
        };
        Self {
            session,
            writing,
            references,
            report,
        }
    }

    async fn write_all<V: Writable>(
        &mut self,
        batches: &mut Receiver<Batch<New<V>>>,
    ) -> Result<(), Stop> {
        while let Some(batch) = batches.recv().await {
            if self.writing.draining.is_on() {
                return Err(Stop::Draining);
            }
            let continues = self.write::<V>(batch).await.map_err(Stop::Failed)?;
            if !continues {
                return Err(Stop::Refused);
            }
        }
        Ok(())
    }

    /// Writes a batch and returns whether the import continues.
    async fn write<V: Writable>(&mut self, mut batch: Batch<New<V>>) -> Result<bool> {
        self.references
            .resolve::<V>(self.session, &mut batch)
            .await?;
        prepare::<V>(self.session, &mut batch).await?;
        let lines: Vec<_> = batch.iter().map(|record| record.line).collect();
        let (news, indexes, mut refused) = divide(batch);
        let skips = self.writing.on_error == OnError::Skip;
        let work = async |tx: &Tx| {
            let answers = create::<V>(tx, &news).await?;
            let is_clean = refused.is_empty() && answers.iter().all(Option::is_none);
            let commits = !self.writing.is_dry && (skips || is_clean);
            Ok((answers, commits))
        };
        let answers = self.session.write_if(work).await?;
        let new = indexes.into_iter().zip(answers);
        refused.extend(new.filter_map(|(index, refusals)| Some((index, refusals?))));
        refused.sort_by_key(|(index, _)| *index);

        let count = lines.len() as u64;
        let continues = skips || refused.is_empty();
        self.report.lines += count;
        if continues {
            self.report.created += count - refused.len() as u64;
            self.report.committed_lines += if self.writing.is_dry { 0 } else { count };
        }
        for (index, refusals) in refused {
            self.report.refuse(lines[index], refusals);
        }
        Ok(continues)
    }
}

/// The index of a record in its batch, and why it was refused.
type Refused = (usize, Vec<Refusal>);

/// Returns the records that can be written, their indexes, and those that are already refused.
fn divide<N>(batch: Batch<N>) -> (Vec<N>, Vec<usize>, Vec<Refused>) {
    let (mut news, mut indexes, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (index, record) in batch.into_iter().enumerate() {
        match record.new {
            Ok(new) => {
                news.push(new);
                indexes.push(index);
            }
            Err(refusals) => refused.push((index, refusals)),
        }
    }
    (news, indexes, refused)
}

async fn prepare<V: Writable>(session: &Session, batch: &mut Batch<New<V>>) -> Result<()> {
    for record in batch {
        if let Ok(new) = &mut record.new
            && let Err(error) = V::Service::prepare(session, new).await
        {
            record.new = Err(refusals(error)?);
        }
    }
    Ok(())
}

/// Creates rows and returns for each why it was refused, if it was.
async fn create<V: Writable>(tx: &Tx, news: &[New<V>]) -> Result<Vec<Option<Vec<Refusal>>>> {
    let answers = V::Service::create_all(tx, news).await?.into_iter();
    let refused = |answer: Result<_>| answer.err().map(refusals).transpose();
    answers.map(refused).collect()
}

/// Fails with the error itself if the record did not cause it.
fn refusals(error: Error) -> Result<Vec<Refusal>> {
    error.refusals().ok_or(error)
}
