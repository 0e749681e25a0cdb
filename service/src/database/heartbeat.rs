//! Notices within a second that the database does not answer, so that requests are told instead of left waiting.
use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// How often it is asked, and how long it may take to answer: together less than the second in which a 503 is due.
const PERIOD: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether the database answers. The task ends when nobody listens any more.
pub(super) fn start(server: PgConnectOptions) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(true);
    tokio::spawn(async move {
        let mut connection = None;
        while !sender.is_closed() {
            let answer = timeout(PATIENCE, ask(&server, connection.take())).await;
            let alive = matches!(answer, Ok(Ok(_)));
            if sender.send_if_modified(|was| std::mem::replace(was, alive) != alive) {
                tracing::warn!(alive, "the database changed its mind about answering");
            }
            connection = answer.ok().and_then(Result::ok);
            sleep(PERIOD).await;
        }
    });
    receiver
}

async fn ask(server: &PgConnectOptions, known: Option<PgConnection>) -> sqlx::Result<PgConnection> {
    let mut connection = match known {
        Some(connection) => connection,
        None => server.connect().await?,
    };
    connection.ping().await?;
    Ok(connection)
}
