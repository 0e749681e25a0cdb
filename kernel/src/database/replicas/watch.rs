//! The tasks that watch the primary and each replica, over connections of their own.
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Executor, PgConnection,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::{
    super::{health::State, postgres::Servers},
    Shared,
    primary::{self, Primary},
    watched::{self, Trust, Watched},
};

/// The pause between two questions to a server. A replica never counts as younger than this.
const PERIOD: Duration = Duration::from_millis(100);

/// A connection, and whether it was opened for this question.
struct Asked {
    connection: PgConnection,
    is_new: bool,
    sent: Instant,
    row: PgRow,
}

/// Asks one question, over the known connection or a new one.
async fn ask(
    server: &PgConnectOptions,
    known: Option<PgConnection>,
    question: &'static str,
) -> sqlx::Result<Asked> {
    let is_new = known.is_none();
    let mut connection = match known {
        Some(connection) => connection,
        None => server.connect().await?,
    };
    let sent = Instant::now();
    let row = connection.fetch_one(question).await?;
    Ok(Asked {
        connection,
        is_new,
        sent,
        row,
    })
}

/// Watches the primary until the replicas are dropped.
pub(super) fn follow_primary(
    runtime: &Handle,
    servers: Servers,
    (shared, limit): (&Arc<Shared>, Duration),
) {
    let shared = Arc::downgrade(shared);
    runtime.spawn(async move {
        let (mut connection, mut place) = (None, None);
        while shared.strong_count() > 0 {
            let server = servers.current();
            // After a failover another server is used, and the old primary may still answer.
            let current = Some((server.get_host().to_owned(), server.get_port()));
            if place != current {
                connection = None;
                place = current;
            }
            let answer = timeout(limit, ask(&server, connection.take(), primary::QUERY)).await;
            connection = note_primary(&shared, answer.ok().and_then(Result::ok));
            sleep(PERIOD).await;
        }
    });
}

fn note_primary(shared: &Weak<Shared>, asked: Option<Asked>) -> Option<PgConnection> {
    let shared = shared.upgrade()?;
    let primary: &Primary = &shared.primary;
    let answer = asked.and_then(|asked| Some((primary::Answer::read(&asked.row).ok()?, asked)));
    let Some((answer, asked)) = answer else {
        primary.lose();
        return None;
    };
    primary.note(answer, asked.sent, asked.is_new);
    Some(asked.connection)
}

/// Watches a replica until the replicas are dropped. `health` learns whether it answers.
pub(super) fn follow_replica(
    runtime: &Handle,
    server: PgConnectOptions,
    (shared, limit): (&Arc<Shared>, Duration),
    (replica, health): (Arc<Watched>, watch::Sender<State>),
) {
    let shared = Arc::downgrade(shared);
    runtime.spawn(async move {
        let (mut connection, mut trust) = (None, Trust::default());
        while shared.strong_count() > 0 {
            let answer = timeout(limit, ask(&server, connection.take(), watched::QUERY)).await;
            let before = replica.status().condition;
            connection = note_replica(
                &shared,
                answer.ok().and_then(Result::ok),
                (&replica, &mut trust),
            );
            let state = if connection.is_some() {
                State::Writable
            } else {
                State::Unreachable
            };
            health.send_if_modified(|known| std::mem::replace(known, state) != state);
            let condition = replica.status().condition;
            if condition != before {
                let host = server.get_host();
                tracing::info!(host, %condition, "the state of a replica changed");
            }
            sleep(PERIOD).await;
        }
    });
}

fn note_replica(
    shared: &Weak<Shared>,
    asked: Option<Asked>,
    (replica, trust): (&Watched, &mut Trust),
) -> Option<PgConnection> {
    let shared = shared.upgrade()?;
    let answer = asked.and_then(|asked| Some((watched::Answer::read(&asked.row).ok()?, asked)));
    let Some((answer, asked)) = answer else {
        replica.lose();
        *trust = Trust::default();
        return None;
    };
    let run = shared.primary.lock();
    replica.note(answer, Instant::now(), (trust, run.as_ref()));
    Some(asked.connection)
}
