//! Makes a span of each statement, from the event that the kernel logs when it was answered. The values of a statement are not part of
//! that event.
use std::{
    fmt::Debug,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    KeyValue,
    trace::{Span, SpanKind, Status, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Dispatch, Event, Subscriber,
    dispatcher::WeakDispatch,
    field::{Field, Visit},
};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::names;

/// The most bytes of a statement: that of a bulk insert names thousands of parameters.
const MAX_SQL: usize = 2_048;

pub struct Statements {
    tracer: SdkTracer,
    dispatch: OnceLock<WeakDispatch>,
}

impl Statements {
    pub fn new(tracer: SdkTracer) -> Self {
        Self {
            tracer,
            dispatch: OnceLock::new(),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Statements {
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let dispatch = self.dispatch.get().and_then(WeakDispatch::upgrade);
        // A statement outside of every request, mail and job has no span.
        let (Some(dispatch), Some(parent)) = (dispatch, context.event_span(event)) else {
            return;
        };
        let Some(parent) = get_otel_context(&parent.id(), &dispatch) else {
            return;
        };
        if !parent.span().span_context().is_sampled() {
            return;
        }
        let end = SystemTime::now();
        let mut statement = Statement::default();
        event.record(&mut statement);
        let start = end.checked_sub(statement.elapsed).unwrap_or(end);
        let mut span = self
            .tracer
            .span_builder(summary(&statement.sql))
            .with_kind(SpanKind::Client)
            .with_start_time(start)
            .with_attributes([
                KeyValue::new("db.system.name", statement.system),
                KeyValue::new("db.query.text", shorten(statement.sql)),
            ])
            .start_with_context(&self.tracer, &parent);
        if statement.has_failed {
            span.set_status(Status::error(""));
            span.set_attribute(names::other_error());
        }
        span.end_with_timestamp(end);
    }
}

/// The fields of the event.
#[derive(Default)]
struct Statement {
    sql: String,
    system: String,
    elapsed: Duration,
    has_failed: bool,
}

impl Visit for Statement {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "seconds" {
            self.elapsed = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "failed" {
            self.has_failed = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "sql" => value.clone_into(&mut self.sql),
            "system" => value.clone_into(&mut self.system),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// Returns the kind of the statement and its first table, such as `SELECT posts`. A statement of several parts is called after the
/// first part that writes.
fn summary(sql: &str) -> String {
    let mut words = first_write(sql).unwrap_or(sql).split_ascii_whitespace();
    let kind = words.next().unwrap_or("statement");
    let mut before = kind;
    for word in words {
        let names_a_table =
            ["FROM", "INTO"].contains(&before) || before == "UPDATE" && before == kind;
        if names_a_table && let Some(table) = table(word) {
            return format!("{kind} {table}");
        }
        before = word;
    }
    kind.to_owned()
}

/// Returns the statement from its first part that writes, if it has parts.
fn first_write(sql: &str) -> Option<&str> {
    let parts = sql.strip_prefix("WITH ")?;
    let writes = ["(INSERT ", "(UPDATE ", "(DELETE "];
    let start = writes.iter().filter_map(|write| parts.find(write)).min()?;
    parts.get(start + 1..)
}

/// Returns the table that the word begins with. A function or a query in its place is none.
fn table(word: &str) -> Option<&str> {
    if let Some(quoted) = word.strip_prefix('"') {
        return quoted.split('"').next();
    }
    let is_plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let name = word.trim_end_matches([',', ')', ';']);
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

fn shorten(mut sql: String) -> String {
    if sql.len() > MAX_SQL {
        sql.truncate(sql.floor_char_boundary(MAX_SQL));
        sql.push('…');
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_after_its_kind_and_table() {
        for (sql, name) in [
            (
                r#"SELECT "id" FROM "posts" WHERE "id" = $1"#,
                "SELECT posts",
            ),
            (r#"SELECT "posts"."id" FROM "posts""#, "SELECT posts"),
            (r#"INSERT INTO "tags" ("name") VALUES ($1)"#, "INSERT tags"),
            (r#"UPDATE "users" SET "name" = $1"#, "UPDATE users"),
            (r#"DELETE FROM "mails" WHERE "id" = ?"#, "DELETE mails"),
            (
                "INSERT INTO audit_entries (id) VALUES (?)",
                "INSERT audit_entries",
            ),
            ("SELECT count(*) FROM (SELECT 1)", "SELECT"),
            (
                r#"SELECT * FROM unnest($1) JOIN (SELECT 1 FROM "posts") AS x"#,
                "SELECT posts",
            ),
            (
                r#"SELECT 1 FROM "mails" FOR UPDATE SKIP LOCKED"#,
                "SELECT mails",
            ),
            (
                r#"WITH "owner" AS (SELECT 1 FROM "users" FOR UPDATE), "new" AS (INSERT INTO "posts" SELECT 1) SELECT 1 FROM "new""#,
                "INSERT posts",
            ),
            (
                r#"WITH a AS (SELECT 1 FROM "posts") SELECT 1"#,
                "WITH posts",
            ),
            ("SELECT 1", "SELECT"),
            ("", "statement"),
        ] {
            assert_eq!(summary(sql), name, "{sql}");
        }
    }

    #[test]
    fn a_long_statement_is_shortened() {
        assert_eq!(shorten("SELECT 1".to_owned()), "SELECT 1");
        let long = shorten("é".repeat(MAX_SQL));
        assert!(long.ends_with('…') && long.len() <= MAX_SQL + 3);
    }
}
