//! Records into rows: a transaction a chunk, by the rules of those who make one row at a time.
use std::io::{self, Read};

use service::{Error, Refusal, Result, Session, Tx};
use tokio::{
    sync::mpsc::{Receiver, channel},
    task::spawn_blocking,
};

use super::{
    read::{Chunk, Reading, Unreadable, read},
    references::References,
    report::Report,
};
use crate::{http::Resource, system::Draining};

/// What an error does to an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OnError {
    /// The chunk that has it is not written, and nothing after it.
    #[default]
    Abort,
    /// The record that has it is left out.
    Skip,
}

impl OnError {
    pub const ALL: [(&str, Self); 2] = [("abort", Self::Abort), ("skip", Self::Skip)];
}

/// How records are written.
#[derive(Debug, Clone)]
pub struct Writing {
    pub on_error: OnError,
    /// Whether every chunk is rolled back. What a chunk would have written, the next does not see.
    pub is_dry: bool,
    /// Once the process is about to stop, no chunk is begun.
    pub draining: Draining,
}

/// Why an import ended before its text did.
#[derive(Debug)]
pub enum Stop {
    /// A record was refused, or the header.
    Refused,
    /// The text broke off.
    Broken(io::Error),
    /// The process is stopping.
    Draining,
    /// Something that no other text mends.
    Failed(Error),
}

struct Importer<'a> {
    session: &'a Session,
    writing: Writing,
    references: References,
    report: Report,
}

/// What came of it, and why it stopped, if it did: what the report counts as committed is so in any case.
pub async fn import<R: Resource>(
    session: &Session,
    text: impl Read + Send + 'static,
    reading: Reading,
    writing: Writing,
) -> (Report, Result<(), Stop>) {
    let (sender, mut chunks) = channel(1);
    let references = References::of::<R>(&reading.map);
    let skipped = reading.skip;
    let reader = spawn_blocking(move || read::<R>(text, &reading, &sender));
    let mut importer = Importer::new(session, writing, (references, skipped));
    let mut end = importer.write_all::<R>(&mut chunks).await;
    // The reader ends at the next chunk that nobody takes.
    drop(chunks);
    if end.is_ok() {
        end = match reader.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Unreadable::Broken(error))) => Err(Stop::Broken(error)),
            Ok(Err(Unreadable::Refused(line, refusal))) => {
                importer.report.complain(line, vec![refusal]);
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

    async fn write_all<R: Resource>(
        &mut self,
        chunks: &mut Receiver<Chunk<R::New>>,
    ) -> Result<(), Stop> {
        while let Some(chunk) = chunks.recv().await {
            if self.writing.draining.is_on() {
                return Err(Stop::Draining);
            }
            let is_written = self.write::<R>(chunk).await.map_err(Stop::Failed)?;
            if !is_written {
                return Err(Stop::Refused);
            }
        }
        Ok(())
    }

    /// Whether the import goes on.
    async fn write<R: Resource>(&mut self, mut chunk: Chunk<R::New>) -> Result<bool> {
        self.references
            .resolve::<R>(self.session, &mut chunk)
            .await?;
        prepare::<R>(self.session, &mut chunk).await?;
        let lines: Vec<_> = chunk.iter().map(|record| record.line).collect();
        let (news, places, mut refused) = divide(chunk);
        let keeps_going = self.writing.on_error == OnError::Skip;
        let work = async |tx: &Tx| {
            let answers = create::<R>(tx, &news).await?;
            let is_clean = refused.is_empty() && answers.iter().all(Option::is_none);
            let commits = !self.writing.is_dry && (keeps_going || is_clean);
            Ok((answers, commits))
        };
        let answers = self.session.write_if(work).await?;
        let new = places.into_iter().zip(answers);
        refused.extend(new.filter_map(|(place, refusals)| Some((place, refusals?))));
        refused.sort_by_key(|(place, _)| *place);

        let count = lines.len() as u64;
        let goes_on = keeps_going || refused.is_empty();
        self.report.lines += count;
        if goes_on {
            self.report.created += count - refused.len() as u64;
            self.report.committed_lines += if self.writing.is_dry { 0 } else { count };
        }
        for (place, refusals) in refused {
            self.report.refuse(lines[place], refusals);
        }
        Ok(goes_on)
    }
}

/// A place in its chunk, and why what stands there was refused.
type Refused = (usize, Vec<Refusal>);

/// Those that can be tried, with their places, and those that were refused already.
fn divide<N>(chunk: Chunk<N>) -> (Vec<N>, Vec<usize>, Vec<Refused>) {
    let (mut news, mut places, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (place, record) in chunk.into_iter().enumerate() {
        match record.new {
            Ok(new) => {
                news.push(new);
                places.push(place);
            }
            Err(refusals) => refused.push((place, refusals)),
        }
    }
    (news, places, refused)
}

async fn prepare<R: Resource>(session: &Session, chunk: &mut Chunk<R::New>) -> Result<()> {
    for record in chunk {
        if let Ok(new) = &mut record.new
            && let Err(error) = R::prepare(session, new).await
        {
            record.new = Err(refusals(error)?);
        }
    }
    Ok(())
}

/// For each row why it was refused, if it was.
async fn create<R: Resource>(tx: &Tx, news: &[R::New]) -> Result<Vec<Option<Vec<Refusal>>>> {
    let answers = R::create_all(tx, news).await?.into_iter();
    let refused = |answer: Result<_>| answer.err().map(refusals).transpose();
    answers.map(refused).collect()
}

/// Fails with the error itself where its cause is not in the record.
fn refusals(error: Error) -> Result<Vec<Refusal>> {
    error.refusals().ok_or(error)
}
