//! The span of a request, which logs and traces show.
use std::{net::IpAddr, time::Instant};

use actix_web::{dev::ServiceRequest, http::StatusCode, web::Data};
use kernel::quote;
use tracing::{
    Span,
    field::{self, Empty},
    info_span,
};

use crate::{application::Application, traces::Traces};

/// Makes the span of a request with this id and pattern, and returns what exports it. `client` is the address to log.
pub fn begin(
    request: &ServiceRequest,
    (id, pattern): (&str, &str),
    client: Option<IpAddr>,
    is_probe: bool,
) -> (Span, Option<&'static dyn Traces>) {
    let method = request.method();
    let route = Some(pattern).filter(|pattern| !pattern.is_empty());
    // Without the query string, which may contain secrets.
    let path = (route != Some(request.path())).then(|| quote(request.path()));
    let span = info_span!(
        "request",
        request_id = id,
        %method,
        route,
        path,
        client = client.map(field::display),
        user_id = Empty,
        trace_id = Empty
    );
    let application = request.app_data::<Data<dyn Application>>();
    let traces = application.and_then(|application| application.traces());
    let begin = |traces: &dyn Traces| traces.begin(&span, request.headers(), is_probe);
    if let Some(trace_id) = traces.and_then(begin) {
        span.record("trace_id", trace_id);
    }
    (span, traces)
}

/// Logs the end of a request. Probes that succeed come every few seconds, and would hide everything else.
pub fn log_end(span: &Span, started: Instant, status: StatusCode, is_probe: bool) {
    let latency_ms = started.elapsed().as_secs_f64() * 1e3;
    let is_quiet = is_probe && status.is_success();
    let status = status.as_u16();
    span.in_scope(|| {
        if is_quiet {
            tracing::debug!(status, latency_ms, "request");
        } else {
            tracing::info!(status, latency_ms, "request");
        }
    });
}
