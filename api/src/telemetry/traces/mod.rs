//! Traces by OpenTelemetry: spans of requests, statements, mails and jobs, exported as OTLP over HTTP by a thread of its own.
//!
//! A span of `tracing` becomes one of OpenTelemetry, with its short names, which `names` translates on that thread. Spans that
//! wait are limited in number, so that a slow collector costs spans but neither time nor memory.
mod export;
mod names;
mod parent;
mod queue;
mod settings;
mod statements;

pub use queue::add_metrics;
pub use settings::OtlpSettings;

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use actix_web::http::{StatusCode, header::HeaderMap};
use anyhow::Context as _;
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider},
};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, registry::LookupSpan};

use self::{
    export::Exporter,
    queue::{Bounded, Queue},
    statements::Statements,
};

/// How long a span waits for others, so that they are exported together.
const DELAY: Duration = Duration::from_secs(2);

/// The most spans of one export.
const MAX_BATCH: usize = 512;

/// Whether this process exports spans. Like the subscriber of `tracing`, this does not change once it is set.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// The export of this process. Its spans end with [`Traces::stop`].
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    timeout: Duration,
}

impl Traces {
    /// Starts the thread that exports. Returns `None` if no collector is set.
    pub fn start(settings: &OtlpSettings) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &settings.endpoint else {
            return Ok(None);
        };
        let headers: HashMap<_, _> = settings.headers().unwrap_or_default().into_iter().collect();
        // Every option is set: the library would take those that are absent from variables of its own.
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(settings.timeout)
            .with_headers(headers)
            .build()
            .context("otlp.endpoint")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(settings.queue)
            .with_max_export_batch_size(settings.queue.min(MAX_BATCH))
            .with_scheduled_delay(DELAY)
            .build();
        let queue = Queue::new(settings.queue);
        let batches = Bounded {
            next: BatchSpanProcessor::new(Exporter::new(exporter, queue.clone()), batches),
            queue,
        };
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(version);
        let sampled = Sampler::TraceIdRatioBased(settings.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(batches)
            .with_sampler(Sampler::ParentBased(Box::new(sampled)))
            .with_resource(resource.build())
            .build();
        Ok(Some(Self {
            tracer: provider.tracer("atoll"),
            provider,
            timeout: settings.timeout,
        }))
    }

    /// Returns the layer that turns spans of `tracing` into those of OpenTelemetry. It sees no events, because their fields may be
    /// values.
    pub fn spans<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let spans = tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false);
        spans.with_filter(names::spans())
    }

    /// Returns the layer that makes a span of each statement.
    pub fn statements<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        Statements::new(self.tracer.clone()).with_filter(names::spans_and_statements())
    }

    /// Tells requests and mails that spans are exported. Call it once the layers work.
    pub fn announce(&self) {
        IS_ON.store(true, Relaxed);
        kernel::trace::name_spans_with(|| parent::header(&span_context(&Span::current())));
    }

    /// Exports the last spans, and waits for the collector no longer than its timeout.
    pub fn stop(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(self.timeout) {
            tracing::debug!(%error, "the last spans were not exported");
        }
    }
}

/// Returns what exports the spans of requests, if this process exports spans.
pub fn request_traces() -> Option<&'static dyn web::Traces> {
    IS_ON.load(Relaxed).then_some(&RequestTraces as _)
}

struct RequestTraces;

impl web::Traces for RequestTraces {
    fn begin(&self, span: &Span, headers: &HeaderMap, is_probe: bool) -> Option<String> {
        let parent = parent::read(headers).or_else(|| is_probe.then(parent::unsampled));
        if let Some(parent) = parent {
            let parent = Context::new().with_remote_span_context(parent);
            // This fails only if the layer is missing, and then there is no span to export.
            let _ = span.set_parent(parent);
        }
        let span = span_context(span);
        span.is_valid().then(|| span.trace_id().to_string())
    }

    fn end(&self, span: &Span, status: StatusCode) {
        span.set_attribute(names::STATUS, i64::from(status.as_u16()));
    }
}

fn span_context(span: &Span) -> SpanContext {
    span.context().span().span_context().clone()
}
