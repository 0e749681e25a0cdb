//! The `traceparent` header of W3C Trace Context, which names the span that caused a request or a mail.
//!
//! `tracestate` is ignored: it is a text of the client, and the standard allows to discard it. The reader of the OpenTelemetry SDK is
//! not used, because it accepts headers that the standard calls invalid.
use actix_web::http::header::{HeaderMap, HeaderName};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// `00-` trace id `-` parent id `-` flags.
const LENGTH: usize = 55;

/// Returns the span that a request names. Ignores a malformed header, and several ones.
pub fn read(headers: &HeaderMap) -> Option<SpanContext> {
    let mut sent = headers.get_all(TRACEPARENT);
    let (first, second) = (sent.next()?, sent.next());
    parse(first.to_str().ok()?.trim()).filter(|_| second.is_none())
}

/// Parses the value of the header.
pub fn parse(text: &str) -> Option<SpanContext> {
    let bytes = text.as_bytes();
    let is_hexadecimal = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_valid = |at: usize| match at {
        2 | 35 | 52 => bytes[at] == b'-',
        _ => is_hexadecimal(&bytes[at]),
    };
    let is_version_0 = text.starts_with("00");
    // A later version may append fields.
    let has_length = match bytes.len() {
        LENGTH => true,
        longer => longer > LENGTH && bytes[LENGTH] == b'-' && !is_version_0,
    };
    if !has_length || !(0..LENGTH).all(is_valid) || text.starts_with("ff") {
        return None;
    }
    let flags = u8::from_str_radix(&text[53..55], 16).ok()?;
    let span = SpanContext::new(
        TraceId::from_hex(&text[3..35]).ok()?,
        SpanId::from_hex(&text[36..52]).ok()?,
        TraceFlags::new(flags) & TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    // All zeros are no id.
    span.is_valid().then_some(span)
}

/// Returns a span whose descendants are not exported.
pub fn unsampled() -> SpanContext {
    let ids = RandomIdGenerator::default();
    let (trace, span) = (ids.new_trace_id(), ids.new_span_id());
    SpanContext::new(trace, span, TraceFlags::NOT_SAMPLED, true, TraceState::NONE)
}

/// Returns the value of the header that names the span.
pub fn header(span: &SpanContext) -> Option<String> {
    let flags = span.trace_flags().to_u8();
    let (trace, span_id) = (span.trace_id(), span.span_id());
    span.is_valid()
        .then(|| format!("00-{trace}-{span_id}-{flags:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_header_names_a_span() {
        let span = parse(VALID).unwrap();
        assert!(span.is_sampled() && span.is_remote());
        assert_eq!(header(&span).as_deref(), Some(VALID));

        let unsampled = parse(&VALID.replace("-01", "-00")).unwrap();
        assert!(!unsampled.is_sampled());
        let later = format!("{}-more", VALID.replacen("00", "cc", 1));
        assert_eq!(parse(&later).unwrap().trace_id(), span.trace_id());
        // Flags that this version does not know.
        assert!(parse(&VALID.replace("-01", "-ff")).unwrap().is_sampled());
    }

    #[test]
    fn a_malformed_header_is_ignored() {
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "0-04bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn two_headers_name_no_span() {
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers), None);
        headers.append(TRACEPARENT, VALID.parse().unwrap());
        assert!(read(&headers).is_some());
        headers.append(TRACEPARENT, VALID.parse().unwrap());
        assert_eq!(read(&headers), None);
    }
}
