//! How requests take part in the traces of other services. This crate knows no protocol that exports spans.
use actix_web::http::{StatusCode, header::HeaderMap};
use tracing::Span;

/// Exports the spans of requests.
pub trait Traces: Send + Sync {
    /// Makes a request, whose span was not entered yet, part of the trace that its headers name, or else of a new one. Returns the id of
    /// the trace. Probes are not exported unless their headers ask for it, because they come every few seconds.
    fn begin(&self, span: &Span, headers: &HeaderMap, is_probe: bool) -> Option<String>;

    /// Records the status of the answer.
    fn end(&self, span: &Span, status: StatusCode);
}
