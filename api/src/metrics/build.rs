//! Which program this is.
use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};

use crate::version;

#[derive(Debug)]
pub struct Build;

impl Collector for Build {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "The version and the commit of the running program; the value is always 1";
        let mut info = encoder.encode_descriptor("build_info", help, None, MetricType::Gauge)?;
        let labels = [("version", version::NUMBER), ("commit", version::COMMIT)];
        ConstGauge::new(1_u64).encode(info.encode_family(&labels)?)
    }
}
