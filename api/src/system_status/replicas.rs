//! The replicas of the database, as this node sees them.
use std::time::Duration;

use kernel::{Database, database::ReplicaState};
use web::prelude::*;

/// A replica, as the node that answers sees it.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ReplicaStatus")]
pub struct ReplicaView {
    /// Its name in metrics: `replica1` is the first of `database.replica_urls`.
    name: &'static str,
    host: String,
    port: u16,
    /// Whether it answers reads.
    used: bool,
    /// Why it is used, or why not.
    reason: &'static str,
    /// The greatest age that its rows may have; null if that is unknown.
    lag_seconds: Option<f64>,
}

impl ReplicaView {
    /// Returns all replicas. A server that was just started may not know yet whether they follow the primary.
    pub async fn all(database: &Database) -> Vec<Self> {
        let states = database.replica_states(Duration::ZERO).await;
        states.into_iter().map(Self::from).collect()
    }
}

impl From<ReplicaState> for ReplicaView {
    fn from(state: ReplicaState) -> Self {
        Self {
            name: state.name,
            reason: state.reason(),
            host: state.host,
            port: state.port,
            used: state.is_used,
            lag_seconds: state.lag.map(whole_millis),
        }
    }
}

fn whole_millis(time: Duration) -> f64 {
    let nanos = time.subsec_millis() * 1_000_000;
    Duration::new(time.as_secs(), nanos).as_secs_f64()
}
