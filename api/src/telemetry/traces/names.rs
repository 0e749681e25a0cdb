//! Which spans are exported, and their names and attributes by the semantic conventions of OpenTelemetry.
//!
//! Only what is named here leaves the server. Ids of users and addresses of clients stay in the log, which has the id of the trace.
use opentelemetry::{
    KeyValue, Value,
    trace::{Link, SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;
use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::filter::{FilterFn, filter_fn};

use super::parent;

/// The attribute with the status of an answer, before it is translated.
pub const STATUS: &str = "status";

const REQUEST: &str = "request";
const MAIL: &str = "mail";
const JOB: &str = "job";

/// The methods that keep their names. Others are texts of the client.
const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// Selects the spans that are exported.
pub fn spans() -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(is_exported).with_max_level_hint(LevelFilter::INFO)
}

/// Selects the same spans, and the events of statements.
pub fn spans_and_statements() -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(|metadata: &Metadata<'_>| is_exported(metadata) || is_statement(metadata))
        .with_max_level_hint(LevelFilter::DEBUG)
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    let krate = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_span()
        && ["web", "service", "api"].contains(&krate)
        && [REQUEST, MAIL, JOB].contains(&metadata.name())
}

fn is_statement(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target() == "atoll::sql"
}

/// Replaces the fields of a span by attributes.
pub fn translate(span: &mut SpanData) {
    match &*span.name {
        REQUEST => translate_request(span),
        MAIL => translate_mail(span),
        JOB => translate_job(span),
        // Statements are made with their names.
        _ => {}
    }
}

/// An error without a name of its own.
pub fn other_error() -> KeyValue {
    KeyValue::new("error.type", "_OTHER")
}

fn translate_request(span: &mut SpanData) {
    let fields = Fields(std::mem::take(&mut span.attributes));
    let method = fields.text("method").unwrap_or_default();
    let route = fields.text("route").map(str::to_owned);
    let is_known = METHODS.contains(&method);
    let shown = if is_known { method } else { "HTTP" };
    span.span_kind = SpanKind::Server;
    span.name = match &route {
        Some(route) => format!("{shown} {route}").into(),
        None => shown.to_owned().into(),
    };
    let method = if is_known { method } else { "_OTHER" };
    let mut attributes = vec![KeyValue::new("http.request.method", method.to_owned())];
    if let Some(route) = route {
        let path = fields.text("path").unwrap_or(&route);
        if is_plain(&route, path) {
            attributes.push(KeyValue::new("url.path", path.to_owned()));
        }
        attributes.push(KeyValue::new("http.route", route));
    }
    if let Some(id) = fields.text("request_id") {
        attributes.push(KeyValue::new("atoll.request_id", id.to_owned()));
    }
    if let Some(Value::I64(status)) = fields.get(STATUS) {
        attributes.push(KeyValue::new("http.response.status_code", *status));
        if *status >= 500 {
            attributes.push(KeyValue::new("error.type", status.to_string()));
            span.status = Status::error("");
        }
    }
    span.attributes = attributes;
}

fn translate_mail(span: &mut SpanData) {
    let fields = Fields(std::mem::take(&mut span.attributes));
    span.span_kind = SpanKind::Client;
    span.name = "send mail".into();
    if let Some(template) = fields.text("template") {
        let template = KeyValue::new("atoll.mail.template", template.to_owned());
        span.attributes.push(template);
    }
    if let Some(cause) = fields.text("cause").and_then(parent::parse) {
        span.links.links.push(Link::with_context(cause));
    }
    note_failure(span, &fields);
}

fn translate_job(span: &mut SpanData) {
    let fields = Fields(std::mem::take(&mut span.attributes));
    if let Some(job) = fields.text("job") {
        span.name = format!("job {job}").into();
        span.attributes
            .push(KeyValue::new("atoll.job", job.to_owned()));
    }
    note_failure(span, &fields);
}

fn note_failure(span: &mut SpanData, fields: &Fields) {
    if fields.get("failed") == Some(&Value::Bool(true)) {
        span.status = Status::error("");
        span.attributes.push(other_error());
    }
}

/// Tells whether a path differs from its route only by numbers: another text may be a secret in the wrong place.
fn is_plain(route: &str, path: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_same = |(pattern, text): (&str, &str)| {
        pattern == text || pattern.starts_with('{') && is_number(text)
    };
    let count = |text: &str| text.split('/').count();
    count(route) == count(path) && route.split('/').zip(path.split('/')).all(is_same)
}

/// The fields of a span of `tracing`.
struct Fields(Vec<KeyValue>);

impl Fields {
    fn get(&self, name: &str) -> Option<&Value> {
        let field = self.0.iter().find(|field| field.key.as_str() == name);
        field.map(|field| &field.value)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use opentelemetry::{
        InstrumentationScope,
        trace::{SpanContext, SpanId},
    };
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    fn span(name: &'static str, attributes: Vec<KeyValue>) -> SpanData {
        SpanData {
            span_context: SpanContext::empty_context(),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: SystemTime::UNIX_EPOCH,
            end_time: SystemTime::UNIX_EPOCH,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    fn translated(mut span: SpanData) -> SpanData {
        translate(&mut span);
        span
    }

    #[test]
    fn only_a_status_from_500_is_an_error() {
        for (status, is_error) in [
            (200, false),
            (404, false),
            (499, false),
            (500, true),
            (503, true),
        ] {
            let fields = vec![
                KeyValue::new("method", "GET"),
                KeyValue::new(STATUS, status),
            ];
            let span = translated(span(REQUEST, fields));

            let error = KeyValue::new("error.type", status.to_string());
            assert_eq!(span.attributes.contains(&error), is_error, "{status}");
            assert_eq!(span.status == Status::error(""), is_error, "{status}");
        }
    }

    #[test]
    fn a_field_without_a_name_in_opentelemetry_is_not_exported() {
        for name in [REQUEST, MAIL, JOB] {
            let fields =
                ["user_id", "client", "anything"].map(|field| KeyValue::new(field, "s3cret"));
            let span = translated(span(name, fields.to_vec()));

            assert!(!format!("{span:?}").contains("s3cret"), "{span:?}");
        }
    }

    #[test]
    fn a_failed_mail_is_an_error_and_names_its_cause() {
        let cause = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let fields = vec![KeyValue::new("cause", cause), KeyValue::new("failed", true)];
        let span = translated(span(MAIL, fields));

        assert_eq!(span.status, Status::error(""));
        assert_eq!(span.attributes, [other_error()]);
        assert_eq!(
            parent::header(&span.links[0].span_context).as_deref(),
            Some(cause)
        );
    }

    #[test]
    fn a_path_is_exported_only_if_its_parameters_are_numbers() {
        for (route, path, is_exported) in [
            ("/posts", "/posts", true),
            ("/posts/{id}", "/posts/7", true),
            ("/users/{id}/roles/{role_id}", "/users/1/roles/2", true),
            ("/posts/{id}", "/posts/s3cret", false),
            ("/posts/{id}", "/posts/", false),
            ("/admin/{path}", "/admin/7/8", false),
            (
                "/roles/{id}/permissions/{permission}",
                "/roles/1/permissions/posts.read",
                false,
            ),
        ] {
            assert_eq!(is_plain(route, path), is_exported, "{route} {path}");
        }
    }
}
