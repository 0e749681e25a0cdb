//! Log lines for machines: one JSON object for each event, with the fields of the current span.
//!
//! The lines are those of the JSON format of `tracing_subscriber::fmt` with flattened events. That format parses the fields of
//! a span for each event and each new field; this layer writes a value once and then copies its text.
use std::{
    fmt::{Arguments, Debug},
    io::Write,
    ops::Range,
};

use chrono::Utc;
use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};
use web::{ObjectWriter, Time};

/// The target of records of the `log` crate. Their own target is a field.
const LOG: &str = "log";
const LOG_TARGET: &str = "log.target";

/// Writes each event as a line of JSON.
pub struct JsonLog<W> {
    writer: W,
}

impl<W> JsonLog<W> {
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<S, W, O> Layer<S> for JsonLog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = SpanFields::new();
        attributes.record(&mut each_field(|name, value| fields.set(name, &value)));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<SpanFields>()
        {
            values.record(&mut each_field(|name, value| fields.set(name, &value)));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut target = None;
        let mut text = Vec::with_capacity(512);
        let mut line = ObjectWriter::begin(&mut text);
        write(line.name("timestamp"), &Time::from(Utc::now()));
        write(line.name("level"), metadata.level().as_str());
        event.record(&mut each_field(|name, value| {
            if let Value::Text(text) = &value
                && name == LOG_TARGET
            {
                target = Some((*text).to_owned());
            }
            write(line.name(name), &value);
        }));
        let target = target.filter(|_| metadata.target() == LOG);
        let target = target.as_deref().unwrap_or(metadata.target());
        write(line.name("target"), target);
        let parent = event.parent().and_then(|id| context.span(id));
        if let Some(span) = parent.or_else(|| context.lookup_current()) {
            write_span(line.name("span"), &span);
        }
        line.end();
        text.push(b'\n');
        // If standard error is closed, there is nowhere else to report the error.
        let _ = (self.writer)().write_all(&text);
    }
}

fn write_span<'a, S: LookupSpan<'a>>(text: &mut Vec<u8>, span: &SpanRef<'a, S>) {
    let mut object = ObjectWriter::begin(text);
    if let Some(fields) = span.extensions().get::<SpanFields>() {
        for (name, place) in &fields.places {
            let value = &fields.text[place.clone()];
            object.name(name).extend_from_slice(value);
        }
    }
    write(object.name("name"), span.name());
    object.end();
}

/// The fields of a span.
#[derive(Debug)]
struct SpanFields {
    /// The values as JSON, one after another.
    text: Vec<u8>,
    /// The place of each value in `text`, sorted by name.
    places: Vec<(&'static str, Range<usize>)>,
}

impl SpanFields {
    /// Makes room for the fields of a request.
    fn new() -> Self {
        Self {
            text: Vec::with_capacity(256),
            places: Vec::with_capacity(8),
        }
    }

    fn set(&mut self, name: &'static str, value: &Value<'_>) {
        let start = self.text.len();
        write(&mut self.text, value);
        let place = start..self.text.len();
        match self.places.binary_search_by_key(&name, |(known, _)| known) {
            Ok(at) => self.places[at].1 = place,
            Err(at) => self.places.insert(at, (name, place)),
        }
    }
}

/// Appends a value as JSON.
fn write(text: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Writing a single value to memory does not fail.
    let _ = serde_json::to_writer(text, value);
}

/// A value of a field.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Boolean(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a str),
    Debug(Arguments<'a>),
}

/// Calls a function with the name and the value of each field.
struct EachField<F>(F);

fn each_field<F: FnMut(&'static str, Value<'_>)>(function: F) -> EachField<F> {
    EachField(function)
}

impl<F: FnMut(&'static str, Value<'_>)> Visit for EachField<F> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        (self.0)(field.name(), Value::Boolean(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        (self.0)(field.name(), Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        (self.0)(field.name(), Value::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        (self.0)(field.name(), Value::Float(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        (self.0)(field.name(), Value::Text(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        (self.0)(field.name(), Value::Debug(format_args!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing::{field::Empty, info_span, subscriber::with_default};
    use tracing_subscriber::{fmt, layer::SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn writer(&self) -> impl Fn() -> Self + use<> {
            let written = self.clone();
            move || written.clone()
        }

        /// Returns the lines without their times.
        fn lines(&self) -> Vec<String> {
            let bytes = self.0.lock().unwrap().clone();
            let text = String::from_utf8(bytes).unwrap();
            let line = |line: &str| {
                let rest = line.strip_prefix(r#"{"timestamp":""#).unwrap();
                let (time, rest) = rest.split_once('"').unwrap();
                assert_eq!(time.len(), "2026-11-30T10:34:00.123456Z".len(), "{line}");
                assert!(time.parse::<chrono::DateTime<Utc>>().is_ok(), "{line}");
                rest.to_owned()
            };
            text.lines().map(line).collect()
        }
    }

    /// Returns the lines of this layer, which must be those of `tracing_subscriber`.
    fn logged(work: impl FnOnce()) -> Vec<String> {
        let (ours, theirs) = (Written::default(), Written::default());
        let reference = fmt::layer().json().flatten_event(true);
        let reference = reference.with_span_list(false).with_writer(theirs.writer());
        let logs = tracing_subscriber::registry()
            .with(JsonLog::new(ours.writer()))
            .with(reference);
        with_default(logs, work);
        assert_eq!(ours.lines(), theirs.lines());
        ours.lines()
    }

    #[test]
    fn a_request_is_a_line_with_the_sorted_fields_of_its_span() {
        let lines = logged(|| {
            let span = info_span!(
                target: "web",
                "request",
                route = "/posts",
                method = %"GET",
                path = None::<&str>,
                user_id = Empty,
                trace_id = Empty
            );
            span.record("user_id", 3_i64);
            span.in_scope(
                || tracing::info!(target: "web", status = 200_u16, latency_ms = 1.25, "request"),
            );
        });

        let expected =
            r#","level":"INFO","message":"request","status":200,"latency_ms":1.25,"target":"web","#;
        let span = r#""span":{"method":"GET","route":"/posts","user_id":3,"name":"request"}}"#;
        assert_eq!(lines, [format!("{expected}{span}")]);
    }

    #[test]
    fn every_kind_of_value_is_written_as_the_library_does() {
        let lines = logged(|| {
            tracing::warn!("outside of a span, \"quoted\"\n\u{1} \u{1f980}");
            let outer = info_span!("outer", a = true, b = -1, c = ?Some("x\"y"), d = 1.5);
            let _outer = outer.enter();
            tracing::error!(error = %io::Error::other("no\tgood"), small = f64::NAN, big = u64::MAX);
            let inner = info_span!("inner", zebra = 1_u8, apple = "\\", zebra2 = 2_i128);
            let _inner = inner.enter();
            inner.record("zebra", "again");
            tracing::debug!(parent: &outer, "of the outer span");
            tracing::trace!(dotted.name = 1, "dotted");
            info_span!("bare").in_scope(|| tracing::info!("nothing"));
        });

        assert_eq!(lines.len(), 5);
    }
}
