//! The memory, the processor time and the descriptors of this process, under the names that all Prometheus clients use.
//!
//! They are read from `/proc`; elsewhere than on Linux there are none.
use std::{
    fmt, fs,
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};

/// The start of the process, in seconds since 1970: the first time that this is read, which is before the server is ready.
static STARTED: LazyLock<f64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_secs_f64())
});

/// Remembers that the process starts now.
pub fn note_start() {
    LazyLock::force(&STARTED);
}

#[derive(Debug)]
pub struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let descriptors = fs::read_dir("/proc/self/fd").map(|all| all.count() as u64);
        let kib = |name: &str| field(&status, name).map(|kib| kib * 1024);
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Resident memory",
                kib("VmRSS:"),
            ),
            (
                "process_virtual_memory_bytes",
                "Virtual memory",
                kib("VmSize:"),
            ),
            ("process_threads", "Threads", field(&status, "Threads:")),
            (
                "process_open_fds",
                "Open file descriptors",
                // One of them is that of the folder itself.
                descriptors.ok().map(|count| count.saturating_sub(1)),
            ),
            (
                "process_max_fds",
                "The most file descriptors that the process may open",
                field(&limits, "Max open files"),
            ),
        ] {
            if let Some(value) = value {
                let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(gauge)?;
            }
        }
        let name = "process_start_time_seconds";
        let help = "When the process started, in seconds since 1970";
        let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(*STARTED).encode(gauge)
    }
}

/// Returns the first number of the line that begins with this name.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_the_first_number_of_its_line() {
        let text = "VmSize:\t  12 kB\nVmRSS:\t  34 kB\nMax open files            1024                 4096                 files\n";

        assert_eq!(field(text, "VmRSS:"), Some(34));
        assert_eq!(field(text, "Max open files"), Some(1024));
        assert_eq!(field(text, "Threads:"), None);
    }
}
