//! Exports spans under their names in OpenTelemetry. Counts those that the collector does not accept, and logs when that begins and ends.
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

use super::{
    names,
    queue::{Queue, count_unexported},
};

#[derive(Debug)]
pub struct Exporter<E> {
    inner: E,
    queue: Queue,
    is_failing: AtomicBool,
}

impl<E> Exporter<E> {
    /// Takes the spans of this queue.
    pub fn new(inner: E, queue: Queue) -> Self {
        Self {
            inner,
            queue,
            is_failing: AtomicBool::new(false),
        }
    }

    /// Logs the first failure, and the first success after one.
    fn note(&self, done: &OTelSdkResult) {
        let was_failing = self.is_failing.swap(done.is_err(), Relaxed);
        match done {
            Err(error) if !was_failing => tracing::warn!(
                %error,
                "traces are lost: the collector that otlp.endpoint names does not accept them"
            ),
            Ok(()) if was_failing => tracing::info!("the collector accepts traces again"),
            _ => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Exporter<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.queue.remove(spans);
        batch.iter_mut().for_each(names::translate);
        let done = self.inner.export(batch).await;
        if done.is_err() {
            count_unexported(spans);
        }
        self.note(&done);
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
