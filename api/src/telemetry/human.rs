//! Log lines for people: `23:26:43 GET /api/v1/posts 200 1.0 ms user=3`.
use std::{
    fmt::{Debug, Write as _},
    io::Write,
};

use chrono::Local;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

/// The name of the span of a request, and of the event at its end.
const REQUEST: &str = "request";

/// The target of statements of the database.
const SQL: &str = "atoll::sql";

/// The most characters of a slow statement.
const MAX_SQL: usize = 160;

/// Writes each event as a line, with the local time.
pub struct HumanLog<W> {
    is_coloured: bool,
    writer: W,
}

/// The fields of a span or an event, in the order of their first values.
#[derive(Debug, Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &'static str, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), format!("{value:.1}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field.name(), format!("{value:?}"));
    }
}

impl<W> HumanLog<W> {
    pub fn new(is_coloured: bool, writer: W) -> Self {
        Self {
            is_coloured,
            writer,
        }
    }

    /// Colours of terminals: red, yellow, and grey.
    fn level(&self, level: Level) -> String {
        let colour = match level {
            Level::INFO => return String::new(),
            Level::ERROR => 31,
            Level::WARN => 33,
            _ => 90,
        };
        if self.is_coloured {
            format!("\x1b[{colour}m{level}\x1b[0m ")
        } else {
            format!("{level} ")
        }
    }
}

impl<S, W, O> Layer<S> for HumanLog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let request = context
            .event_scope(event)
            .and_then(|mut spans| spans.find(|span| span.name() == REQUEST));
        let is_end = fields.get("message") == Some(REQUEST);
        let is_statement = metadata.target() == SQL;
        let text = match &request {
            Some(request) if is_end => request_line(request, &fields),
            _ if is_statement => statement_line(&fields, *metadata.level()),
            _ => ordinary_line(&fields),
        };
        let mut line = format!(
            "{} {}{text}",
            Local::now().format("%H:%M:%S"),
            self.level(*metadata.level())
        );
        if let Some(request) = request.filter(|_| !is_end) {
            in_request(&mut line, &request);
        }
        let blocks = fields
            .0
            .iter()
            .filter(|field| is_block(field) && !is_statement);
        for (name, value) in blocks {
            block(&mut line, name, value);
        }
        line.push('\n');
        // If standard error is closed, there is nowhere else to report the error.
        let _ = (self.writer)().write_all(line.as_bytes());
    }
}

/// `GET /api/v1/posts 200 1.0 ms user=3`
fn request_line<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>, end: &Fields) -> String {
    let extensions = span.extensions();
    let none = Fields::default();
    let request = extensions.get::<Fields>().unwrap_or(&none);
    let get = |fields: &Fields, name| fields.get(name).unwrap_or("-").to_owned();
    let (method, route) = (get(request, "method"), get(request, "route"));
    let (status, time) = (get(end, "status"), get(end, "latency_ms"));
    let path = request.get("path").unwrap_or(&route);
    let mut line = format!("{method} {} {status} {time} ms", printable(path));
    if let Some(user) = request.get("user_id") {
        let _ = write!(line, " user={user}");
    }
    if let Some(client) = request.get("client") {
        let _ = write!(line, " client={client}");
    }
    line
}

/// The message and the fields, without the texts of several lines.
fn ordinary_line(fields: &Fields) -> String {
    let message = fields.get("message").unwrap_or_default().lines();
    let mut line = message.map(printable).collect::<Vec<_>>().join("\n    ");
    let others = fields.0.iter().filter(|(name, _)| *name != "message");
    for (name, value) in others.filter(|field| !is_block(field)) {
        let _ = write!(line, " {name}={}", printable(value));
    }
    line
}

/// `slow statement 153 ms: SELECT … FROM posts WHERE …`
fn statement_line(fields: &Fields, level: Level) -> String {
    let get = |name| fields.get(name).unwrap_or_default();
    let words = get("sql").replace('"', "");
    let sql = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let sql = if level <= Level::WARN {
        shorten(&sql)
    } else {
        sql
    };
    let failed = if get("failed") == "true" {
        ", failed"
    } else {
        ""
    };
    printable(&format!(
        "{} {}{failed}: {sql}",
        get("message"),
        get("elapsed")
    ))
}

/// Leaves out the columns of a long `SELECT`, and the end.
fn shorten(sql: &str) -> String {
    let mut short = sql.to_owned();
    if sql.chars().count() > MAX_SQL
        && let Some(rest) = sql.strip_prefix("SELECT ")
        && let Some((_, rest)) = rest.split_once(" FROM ")
    {
        short = format!("SELECT … FROM {rest}");
    }
    if let Some((end, _)) = short.char_indices().nth(MAX_SQL) {
        short.truncate(end);
        short.push('…');
    }
    short
}

/// Names the request in which something happened.
fn in_request<'a, S: LookupSpan<'a>>(line: &mut String, span: &SpanRef<'a, S>) {
    let extensions = span.extensions();
    if let Some(fields) = extensions.get::<Fields>() {
        let get = |name| fields.get(name).unwrap_or("-");
        let _ = write!(
            line,
            " ({} {}, request {})",
            get("method"),
            get("route"),
            get("request_id")
        );
    }
}

fn is_block((name, value): &(&str, String)) -> bool {
    *name != "message" && value.contains('\n')
}

/// Appends a text of several lines, indented, so that it cannot be mistaken for other log lines.
fn block(line: &mut String, name: &str, text: &str) {
    let _ = write!(line, "\n  {name}:");
    for part in text.trim_end().lines() {
        let _ = write!(line, "\n    {}", printable(part));
    }
}

/// Escapes what would control a terminal or begin another line.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            printable.extend(letter.escape_default());
        } else {
            printable.push(letter);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc, sync::Mutex};

    use tracing::{info_span, subscriber::with_default};
    use tracing_subscriber::layer::SubscriberExt;

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

    /// Returns what is logged, without the time at the beginning.
    fn logged(work: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = {
            let written = written.clone();
            move || written.clone()
        };
        let logs = tracing_subscriber::registry().with(HumanLog::new(false, writer));
        with_default(logs, work);
        let bytes = written.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let (time, rest) = text.split_once(' ').unwrap();
        assert_eq!(time.len(), "23:26:43".len(), "{text}");
        rest.to_owned()
    }

    #[test]
    fn a_request_is_one_short_line() {
        let line = logged(|| {
            let span = info_span!("request", method = "GET", route = "/posts", user_id = 3);
            span.in_scope(|| tracing::info!(status = 200, latency_ms = 1.04, "request"));
        });

        assert_eq!(line, "GET /posts 200 1.0 ms user=3\n");
    }

    #[test]
    fn an_event_within_a_request_names_it() {
        let line = logged(|| {
            let span = info_span!(
                "request",
                method = "GET",
                route = "/posts",
                request_id = "r1"
            );
            span.in_scope(|| tracing::warn!(table = "posts", "slow"));
        });

        assert_eq!(line, "WARN slow table=posts (GET /posts, request r1)\n");
    }

    #[test]
    fn a_slow_statement_is_short_and_has_no_line_breaks() {
        let columns = "\"posts\".\"title\", ".repeat(50);
        let sql = format!("SELECT {columns} FROM \"posts\"\n WHERE \"id\" = $1");

        let line = logged(|| {
            tracing::warn!(target: "atoll::sql", elapsed = ?"153ms", failed = false, sql, "slow statement");
        });

        assert_eq!(
            line,
            "WARN slow statement \"153ms\": SELECT … FROM posts WHERE id = $1\n"
        );
        assert_eq!(shorten(&"x".repeat(500)).chars().count(), MAX_SQL + 1);
    }

    #[test]
    fn a_text_of_several_lines_is_a_block_and_cannot_control_the_terminal() {
        let line =
            logged(|| tracing::info!(text = "Hello\n\nhttp://here/#x\n12:00:00 \x1b[2J", "mail"));

        assert_eq!(
            line,
            "mail\n  text:\n    Hello\n    \n    http://here/#x\n    12:00:00 \\u{1b}[2J\n"
        );
    }
}
