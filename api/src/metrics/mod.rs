//! `GET /metrics`: figures for a monitoring system, in the text format of Prometheus, on an address of their own.
mod build;
mod database;
mod listener;
mod process;

use std::{fmt, net::SocketAddr, sync::Arc};

use kernel::{Kernel, metrics};
use prometheus_client::encoding::prometheus_text;
use serde::Deserialize;
use web::Server;

use self::{build::Build, database::DatabaseFigures, process::Process};
use crate::{jobs::JobMetrics, telemetry};

pub use listener::Listener;
pub use process::note_start;

/// The value of `metrics.listen` that turns the listener off.
const OFF: &str = "off";

/// `config/default.toml` documents each key and holds its default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    pub listen: String,
}

impl MetricsSettings {
    /// Returns the address to listen on; `None` if metrics are turned off.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub fn is_valid(&self) -> bool {
        self.listen == OFF || self.address().is_some()
    }
}

/// All series of a server. It is cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    series: metrics::Metrics,
    kernel: Kernel,
    database: Arc<DatabaseFigures>,
}

impl Metrics {
    /// Collects the series of every layer.
    pub fn new(kernel: Kernel, server: &Server, jobs: &JobMetrics) -> Self {
        // The names of these two are the same for every program.
        let mut series = metrics::Metrics::default();
        series.register_collector(Box::new(Process));
        let ours = series.sub_registry_with_prefix("atoll");
        ours.register_collector(Box::new(Build));
        server.add_metrics(ours);
        kernel.database.add_metrics(ours);
        kernel.cache.add_metrics(ours);
        service::figures::add_metrics(&kernel, ours);
        jobs.add_metrics(ours);
        telemetry::add_metrics(ours);
        let database = Arc::new(DatabaseFigures::default());
        ours.register_collector(Box::new(database.clone()));
        Self(Arc::new(Inner {
            series,
            kernel,
            database,
        }))
    }

    /// Renders the current figures. Those of a database that does not answer are left out.
    pub async fn render(&self) -> Result<String, fmt::Error> {
        self.0.database.update(&self.0.kernel).await;
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0.series)?;
        Ok(text)
    }
}
