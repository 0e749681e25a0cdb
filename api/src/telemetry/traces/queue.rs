//! Limits the spans that wait to be exported, and counts those that are lost. The library has a limit too, and tells nobody how
//! often it is reached.
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use kernel::metrics::{Counters, Metrics};
use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use prometheus_client::metrics::counter::Counter;

/// The spans that this process has lost. It is a static because there is one subscriber of `tracing` in a process.
static LOST: LazyLock<Lost> = LazyLock::new(Lost::default);

struct Lost {
    all: Counters,
    queue_full: Counter,
    not_exported: Counter,
}

impl Default for Lost {
    fn default() -> Self {
        let all = Counters::default();
        Self {
            queue_full: all.get_or_create_owned(&[("cause", "queue")]),
            not_exported: all.get_or_create_owned(&[("cause", "export")]),
            all,
        }
    }
}

/// Adds the counts of lost spans, which stay 0 without a collector.
pub fn add_metrics(metrics: &mut Metrics) {
    let help =
        "Spans that were dropped, because otlp.queue was full or the collector did not accept them";
    metrics.register("trace_spans_dropped", help, LOST.all.clone());
}

/// The spans that wait. It is cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    waiting: Arc<AtomicUsize>,
    limit: usize,
}

impl Queue {
    pub fn new(limit: usize) -> Self {
        Self {
            waiting: Arc::default(),
            limit,
        }
    }

    /// Returns false, and counts a lost span, if no further one may wait.
    fn admit(&self) -> bool {
        let more = |waiting| (waiting < self.limit).then_some(waiting + 1);
        let is_admitted = self.waiting.fetch_update(Relaxed, Relaxed, more).is_ok();
        if !is_admitted {
            LOST.queue_full.inc();
        }
        is_admitted
    }

    /// Notes that spans left the queue.
    pub fn remove(&self, spans: usize) {
        self.waiting.fetch_sub(spans, Relaxed);
    }
}

/// Counts spans that the collector did not accept.
pub fn count_unexported(spans: usize) {
    LOST.not_exported
        .inc_by(u64::try_from(spans).unwrap_or(u64::MAX));
}

/// Passes spans on to `next`, as many as may wait. `next` has room for them all.
#[derive(Debug)]
pub struct Bounded<P> {
    pub next: P,
    pub queue: Queue,
}

impl<P: SpanProcessor> SpanProcessor for Bounded<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.next.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.queue.admit() {
            self.next.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_wait_up_to_the_limit_until_they_are_exported() {
        let queue = Queue::new(2);
        let before = LOST.queue_full.get();

        assert_eq!([(); 3].map(|()| queue.admit()), [true, true, false]);
        queue.remove(2);
        assert!(queue.admit());

        assert_eq!(LOST.queue_full.get() - before, 1);
    }
}
