//! What metrics and operators learn about the replicas.
use std::{fmt, time::Duration};

use deadpool::Status as PoolStatus;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Unit,
};
use tokio::time::{Instant, sleep};

use super::{Condition, POOLS, Postgres, Replicas, Status};

/// The pause between two looks of [`Replicas::settled_states`].
const PERIOD: Duration = Duration::from_millis(50);

/// The state of a replica, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaState {
    /// Its name in metrics.
    pub name: &'static str,
    pub host: String,
    pub port: u16,
    pub condition: Condition,
    /// The greatest age that its rows may have, if that is known.
    pub lag: Option<Duration>,
    /// It is true while the replica answers reads.
    pub is_used: bool,
}

impl ReplicaState {
    /// Says why it answers reads, or why not.
    pub fn reason(&self) -> &'static str {
        match self.condition {
            Condition::Following if !self.is_used => {
                "is further behind the primary than database.replica_max_lag"
            }
            condition => condition.as_str(),
        }
    }
}

impl Replicas {
    pub fn states(&self) -> Vec<ReplicaState> {
        let watched = self.shared.watched.iter().map(|watched| watched.status());
        let all = watched.zip(&self.pools).zip(POOLS);
        let state = |((status, pool), [name, _]): ((Status, &Postgres), [&'static str; 2])| {
            let server = pool.server().current();
            let is_current = self.shared.primary.is_current(status.run);
            let condition = match status.condition {
                Condition::Following if !is_current => Condition::CatchingUp,
                condition => condition,
            };
            let lag = status.as_of.map(|as_of| as_of.elapsed());
            let lag = lag.filter(|_| condition == Condition::Following);
            ReplicaState {
                name,
                host: server.get_host().to_owned(),
                port: server.get_port(),
                condition,
                lag,
                is_used: lag.is_some_and(|lag| lag <= self.shared.max_lag),
            }
        };
        all.map(state).collect()
    }

    /// Waits until it is known of each replica whether it follows the primary, for at most `limit`, and returns the states.
    pub async fn settled_states(&self, limit: Duration) -> Vec<ReplicaState> {
        let began = Instant::now();
        loop {
            let states = self.states();
            let is_settled = states.iter().all(|state| state.is_used);
            if is_settled || began.elapsed() >= limit {
                return states;
            }
            sleep(PERIOD).await;
        }
    }

    /// Returns the state of each pool by its name.
    pub fn pools(&self) -> Vec<(&'static str, PoolStatus)> {
        self.pools.iter().flat_map(Postgres::status).collect()
    }
}

/// Reads the states when they are asked for.
#[derive(Debug)]
pub(in super::super) struct Figures(pub Replicas);

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let states = self.0.states();
        let help =
            "The greatest age that the rows of a replica may have; absent while that is unknown";
        let unit = Some(&Unit::Seconds);
        let mut lag =
            encoder.encode_descriptor("database_replica_lag", help, unit, MetricType::Gauge)?;
        for state in &states {
            if let Some(age) = state.lag {
                let label = [("replica", state.name)];
                ConstGauge::new(age.as_secs_f64()).encode(lag.encode_family(&label)?)?;
            }
        }
        let help = "1 if a replica answers reads, 0 if it is away or too far behind";
        let mut used =
            encoder.encode_descriptor("database_replica_used", help, None, MetricType::Gauge)?;
        for state in &states {
            let label = [("replica", state.name)];
            ConstGauge::new(i64::from(state.is_used)).encode(used.encode_family(&label)?)?;
        }
        Ok(())
    }
}
