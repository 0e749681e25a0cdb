//! Where the log of the primary was at which time, so that the position of a replica tells how old its rows are.
use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use sqlx::{Row, postgres::PgRow};
use tokio::time::Instant;

use super::Position;

/// The most samples that are kept. Ten are made in a second, so they reach back several minutes.
const MAX_SAMPLES: usize = 4_096;

/// Asks a server where its log ends, and which log it is. It fails on a standby.
pub(super) const QUERY: &str = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint, \
    substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8), \
    (SELECT system_identifier FROM pg_control_system()), \
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database())";

/// The cluster and the database that a connection leads to. They are the same on a primary and its physical replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub system: i64,
    pub database: i64,
}

/// The end of the log at a time.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// When the question was sent: the answer includes everything that was committed before.
    sent: Instant,
    position: Position,
}

/// An answer of a primary.
#[derive(Debug)]
pub(super) struct Answer {
    pub position: Position,
    pub identity: Identity,
    /// It changes with each promotion.
    timeline: String,
}

impl Answer {
    pub fn read(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            position: Position::from_insert(row.try_get(0)?),
            timeline: row.try_get(1)?,
            identity: Identity {
                system: row.try_get(2)?,
                database: row.try_get(3)?,
            },
        })
    }
}

/// The samples of one primary, as long as no other server can have taken its place.
#[derive(Debug)]
pub(super) struct Run {
    pub number: u64,
    pub identity: Identity,
    timeline: String,
    samples: VecDeque<Sample>,
}

impl Run {
    /// Returns the last time for which it is known that a server at `position` has everything that was committed before it.
    pub fn includes_all_before(&self, position: Position) -> Option<Instant> {
        let later = self
            .samples
            .partition_point(|sample| sample.position <= position);
        let last = later.checked_sub(1)?;
        Some(self.samples.get(last)?.sent)
    }

    /// Returns where the log ended after `time`, if that is known.
    pub fn position_after(&self, time: Instant) -> Option<Position> {
        let last = self.samples.back()?;
        (last.sent >= time).then_some(last.position)
    }

    fn add(&mut self, sample: Sample) {
        // Of equal positions only the latest time matters.
        if let Some(last) = self.samples.back_mut()
            && last.position == sample.position
        {
            *last = sample;
            return;
        }
        if self.samples.len() >= MAX_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }
}

/// What is known of the primary.
#[derive(Debug, Default)]
pub(super) struct Primary {
    run: Mutex<Option<Run>>,
    /// The number of the current run; 0 while there is none.
    current: AtomicU64,
    last: AtomicU64,
}

impl Primary {
    /// Adds a sample. It begins a new run if the connection is new, because that may lead to another server, and if the server
    /// has another log.
    pub fn note(&self, answer: Answer, sent: Instant, is_new: bool) {
        let mut run = self.lock();
        let sample = Sample {
            sent,
            position: answer.position,
        };
        if let Some(run) = run.as_mut().filter(|_| !is_new)
            && (run.identity, &run.timeline) == (answer.identity, &answer.timeline)
            && run
                .samples
                .back()
                .is_none_or(|last| last.position <= sample.position)
        {
            run.add(sample);
            return;
        }
        let number = self.last.fetch_add(1, SeqCst) + 1;
        *run = Some(Run {
            number,
            identity: answer.identity,
            timeline: answer.timeline,
            samples: VecDeque::from([sample]),
        });
        self.current.store(number, SeqCst);
    }

    /// Forgets the run, because the server does not answer or is a standby.
    pub fn lose(&self) {
        let mut run = self.lock();
        self.current.store(0, SeqCst);
        *run = None;
    }

    /// Returns true if this run is the current one.
    pub fn is_current(&self, run: u64) -> bool {
        run != 0 && self.current.load(SeqCst) == run
    }

    /// Returns the last known end of the log.
    pub fn position(&self) -> Option<Position> {
        let run = self.lock();
        Some(run.as_ref()?.samples.back()?.position)
    }

    pub fn lock(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;

    pub fn answer(position: i64, timeline: &str) -> Answer {
        Answer {
            position: Position::from_sql(position),
            identity: Identity {
                system: 1,
                database: 5,
            },
            timeline: timeline.to_owned(),
        }
    }

    #[test]
    fn the_age_of_a_replica_is_that_of_the_last_sample_that_it_has_reached() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let primary = Primary::default();
        for (seconds, position) in [(0, 100), (1, 100), (2, 300), (3, 400)] {
            primary.note(answer(position, "1"), at(seconds), seconds == 0);
        }

        let run = primary.lock();
        let run = run.as_ref().unwrap();
        let age = |position| run.includes_all_before(Position::from_sql(position));
        assert_eq!(age(99), None);
        assert_eq!(age(100), Some(at(1)));
        assert_eq!(age(299), Some(at(1)));
        assert_eq!(age(300), Some(at(2)));
        assert_eq!(age(900), Some(at(3)));
        assert_eq!(run.position_after(at(3)), Some(Position::from_sql(400)));
        assert_eq!(run.position_after(at(4)), None);
    }

    #[test]
    fn another_server_or_log_begins_a_new_run() {
        let primary = Primary::default();
        let number = || primary.lock().as_ref().map(|run| run.number);
        primary.note(answer(100, "1"), Instant::now(), true);
        primary.note(answer(200, "1"), Instant::now(), false);
        assert_eq!(number(), Some(1));

        primary.note(answer(300, "2"), Instant::now(), false);
        assert_eq!(number(), Some(2));
        primary.note(answer(250, "2"), Instant::now(), false);
        assert_eq!(number(), Some(3));
        primary.note(answer(300, "2"), Instant::now(), true);
        assert!(primary.is_current(4) && !primary.is_current(3));
        primary.lose();
        assert!(!primary.is_current(4) && !primary.is_current(0));
        assert_eq!(primary.position(), None);
    }
}
