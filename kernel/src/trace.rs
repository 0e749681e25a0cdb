//! The trace that the current work belongs to. The kernel knows no protocol for traces; the application tells how to name the current
//! span to others.
use std::sync::OnceLock;

static TRACEPARENT: OnceLock<fn() -> Option<String>> = OnceLock::new();

/// Sets the function that names the current span. Only the first call has an effect.
pub fn name_spans_with(traceparent: fn() -> Option<String>) {
    let _ = TRACEPARENT.set(traceparent);
}

/// Returns the name of the current span, as the `traceparent` header of W3C Trace Context has it. Returns `None` if no span is
/// exported.
pub fn traceparent() -> Option<String> {
    TRACEPARENT.get().and_then(|traceparent| traceparent())
}
