//! What is known of one replica, and whether its rows can be trusted.
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sqlx::{Row, postgres::PgRow};
use tokio::time::Instant;

use super::{
    Position,
    primary::{Identity, Run},
};

/// Asks a server which one it is, and how far it has replayed the log of its primary.
pub(in super::super) const QUERY: &str = "SELECT pg_is_in_recovery(), \
    COALESCE((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0), \
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, \
    (SELECT system_identifier FROM pg_control_system()), \
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database())";

/// What a replica is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// It follows the primary.
    Following,
    /// It has not yet replayed what the primary had when both were first seen.
    #[default]
    CatchingUp,
    /// It does not answer.
    Away,
    /// It is no standby, perhaps because it was promoted.
    NoStandby,
    /// It has another database than the primary.
    Foreign,
    /// It has changes that the primary lacks, so it followed another one.
    Diverged,
    /// The primary does not answer or is a standby, so nothing tells how old the rows are.
    NoPrimary,
}

impl Condition {
    /// Describes the condition to an operator.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Following => "follows the primary",
            Self::CatchingUp => "has not caught up with the primary",
            Self::Away => "does not answer",
            Self::NoStandby => "is not a standby",
            Self::Foreign => "has another database than database.url",
            Self::Diverged => "has changes that the primary does not have",
            Self::NoPrimary => "cannot be compared: the primary does not answer, or is a standby",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a replica at the last check.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Status {
    pub condition: Condition,
    /// The number of times that its connection was lost, or that it may have lost a part of the log. In one epoch the
    /// position never goes back.
    pub epoch: u64,
    pub replayed: Position,
    /// It has everything that was committed on the primary before this moment.
    pub as_of: Option<Instant>,
    /// The run of the primary that it was compared with.
    pub run: u64,
    /// When its server was started, by the server's clock.
    instance: i64,
}

/// An answer of a replica.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Answer {
    pub is_standby: bool,
    pub replayed: Position,
    pub instance: i64,
    identity: Identity,
}

impl Answer {
    pub fn read(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            is_standby: row.try_get(0)?,
            replayed: Position::from_sql(row.try_get(1)?),
            instance: row.try_get(2)?,
            identity: Identity {
                system: row.try_get(3)?,
                database: row.try_get(4)?,
            },
        })
    }
}

/// A replica that is watched. One task changes its status, and requests read it.
#[derive(Debug, Default)]
pub(in super::super) struct Watched(Mutex<Status>);

impl Watched {
    pub(super) fn status(&self) -> Status {
        *self.lock()
    }

    pub fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    /// Stops sending reads to the replica until it has answered the next check, because a read of this epoch failed on it.
    pub(super) fn suspect(&self, epoch: u64) {
        let mut status = self.lock();
        if status.epoch == epoch {
            status.condition = Condition::Away;
        }
    }

    /// Returns the current epoch if a new connection leads to the server that is watched and sees as much as that server was known to.
    /// A restarted server may have lost some of the log, and an address may lead to several servers.
    pub fn admit(&self, answer: Answer) -> Option<u64> {
        let status = self.lock();
        let is_same = status.instance == answer.instance && status.replayed <= answer.replayed;
        is_same.then_some(status.epoch)
    }

    /// Begins a new epoch, because the connection was lost.
    pub(super) fn lose(&self) {
        let mut status = self.lock();
        *status = Status {
            condition: Condition::Away,
            epoch: status.epoch + 1,
            ..Status::default()
        };
    }

    /// Takes an answer of the replica into account.
    pub(super) fn note(
        &self,
        answer: Answer,
        answered: Instant,
        (trust, run): (&mut Trust, Option<&Run>),
    ) {
        let mut status = self.lock();
        let is_same = status.instance == answer.instance && status.replayed <= answer.replayed;
        if !is_same {
            status.epoch += 1;
            *trust = Trust::default();
        }
        let condition = match run {
            _ if !answer.is_standby => Condition::NoStandby,
            None => Condition::NoPrimary,
            Some(run) if run.identity != answer.identity => Condition::Foreign,
            Some(run) => trust.judge(run, answer.replayed, answered),
        };
        *status = Status {
            condition,
            epoch: status.epoch,
            replayed: answer.replayed,
            as_of: run.and_then(|run| run.includes_all_before(answer.replayed)),
            run: run.map_or(0, |run| run.number),
            instance: answer.instance,
        };
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decides whether a replica follows the primary. After a failover it may still have a part of the log that the new primary lacks,
/// and then equal positions mean different changes.
///
/// A replica that does not follow stays where it is. So one is trusted once it has reached a position at which the primary was
/// after the replica's first answer, unless it was ahead of that position from the beginning.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// The run that this is about.
    run: u64,
    first: Option<(Position, Instant)>,
    goal: Option<Position>,
}

impl Trust {
    fn judge(&mut self, run: &Run, replayed: Position, answered: Instant) -> Condition {
        if self.run != run.number {
            *self = Self {
                run: run.number,
                ..Self::default()
            };
        }
        let (first, since) = *self.first.get_or_insert((replayed, answered));
        self.goal = self.goal.or_else(|| run.position_after(since));
        match self.goal {
            Some(goal) if first > goal => Condition::Diverged,
            Some(goal) if replayed >= goal => Condition::Following,
            _ => Condition::CatchingUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::primary::{Primary, tests::answer},
        *,
    };

    /// Judges a replica that answers with the second position of each step, after the primary was at the first one.
    fn judge(steps: &[(i64, i64)]) -> Vec<Condition> {
        let (primary, mut trust, start) = (Primary::default(), Trust::default(), Instant::now());
        let mut judged = Vec::new();
        for (number, (theirs, ours)) in (1_u64..).zip(steps) {
            let sent = start + Duration::from_secs(number);
            primary.note(answer(*theirs, "1"), sent, number == 1);
            let run = primary.lock();
            let answered = sent + Duration::from_millis(1);
            let position = Position::from_sql(*ours);
            judged.push(trust.judge(run.as_ref().unwrap(), position, answered));
        }
        judged
    }

    #[test]
    fn a_replica_is_trusted_once_it_has_reached_a_later_position_of_the_primary() {
        use Condition::{CatchingUp, Diverged, Following};
        assert_eq!(judge(&[(100, 100), (100, 100)]), [CatchingUp, Following]);
        assert_eq!(
            judge(&[(100, 90), (200, 150), (300, 220)]),
            [CatchingUp, CatchingUp, Following]
        );
        // It is ahead of the last sample, because it answered later.
        assert_eq!(
            judge(&[(100, 150), (200, 180), (300, 250)]),
            [CatchingUp, CatchingUp, Following]
        );
        // It has a part of the log that the new primary lacks, and never moves.
        assert_eq!(
            judge(&[(100, 180), (120, 180), (300, 180)]),
            [CatchingUp, Diverged, Diverged]
        );
        assert_eq!(
            judge(&[(100, 180), (200, 180), (300, 180)]),
            [CatchingUp, CatchingUp, CatchingUp]
        );
    }

    #[test]
    fn a_new_connection_must_lead_to_the_watched_server() {
        let watched = Watched::default();
        let of = |instance, replayed| Answer {
            is_standby: true,
            replayed: Position::from_sql(replayed),
            instance,
            identity: Identity {
                system: 1,
                database: 5,
            },
        };
        watched.note(of(7, 100), Instant::now(), (&mut Trust::default(), None));
        let epoch = watched.epoch();

        assert_eq!(watched.admit(of(7, 100)), Some(epoch));
        assert_eq!(watched.admit(of(8, 100)), None);
        assert_eq!(watched.admit(of(7, 99)), None);
        watched.note(of(7, 50), Instant::now(), (&mut Trust::default(), None));
        assert_eq!(watched.admit(of(7, 50)), Some(epoch + 1));
    }
}
