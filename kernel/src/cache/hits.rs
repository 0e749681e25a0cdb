//! Counts what the cache of a node has and what it lacks.
use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::Counter},
};

use super::{Cache, Inner};
use crate::metrics::Metrics;

#[derive(Debug, Default)]
pub(super) struct Hits {
    pub answers: Lookups,
    pub values: Lookups,
}

/// The lookups of one kind.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    pub hits: Counter,
    pub misses: Counter,
}

impl Cache {
    /// Adds the series of this cache. A value that only Redis has counts as a miss.
    pub fn add_metrics(&self, metrics: &mut Metrics) {
        metrics.register_collector(Box::new(Counts(self.0.clone())));
    }
}

#[derive(Debug)]
struct Counts(Arc<Inner>);

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut lookups = encoder.encode_descriptor(
            "cache_lookups",
            "Lookups in the memory of this node, of answers to reads and of values that code stores",
            None,
            MetricType::Counter,
        )?;
        let Hits { answers, values } = &self.0.hits;
        for (kind, counted) in [("answers", answers), ("values", values)] {
            for (result, count) in [("hit", &counted.hits), ("miss", &counted.misses)] {
                let labels = [("kind", kind), ("result", result)];
                count.encode(lookups.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
