//! Traces: what a collector receives, what it never receives, and what happens without one.
use std::{
    fs,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use reqwest::Method;
use serde_json::Value;
use tests::{
    Client, PASSWORD, json,
    otlp::{Collector, attribute},
    port::ReservedPort,
    process::{Process, Program, eventually},
};

use super::metrics::{LISTEN, scrape, url};
use crate::cli::program;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const ROOT: &str = "root@example.org";

/// Texts of clients, none of which may leave the server.
const SECRETS: [&str; 6] = [
    PASSWORD,
    ROOT,
    "marmalade orbit canoe",
    "kanarienvogel@example.org",
    "violet-umbrella-parade",
    "s3cret-in-a-path",
];

/// Returns the program with this collector and a superuser.
async fn traced(endpoint: &str) -> Program {
    let (program, _) = program().await;
    let create = format!("user create --username root --email {ROOT} --superuser");
    program.ok(&create, PASSWORD).await;
    program
        .with("ATOLL__OTLP__ENDPOINT", endpoint)
        .with("ATOLL__OTLP__TIMEOUT", "1s")
        .with("ATOLL__LOG__FORMAT", "json")
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

async fn stop(server: &mut Process) {
    server.terminate();
    assert!(server.end().await.success(), "{}", server.log());
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[track_caller]
fn only<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let first = found.next().unwrap_or_else(|| {
        let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
        panic!("no span {name} in {names:?}")
    });
    assert!(found.next().is_none(), "several spans {name}");
    first
}

/// Returns the spans directly below this one.
fn below<'a>(spans: &'a [Span], parent: &Span) -> Vec<&'a Span> {
    let all = spans.iter();
    all.filter(|span| span.parent_span_id == parent.span_id)
        .collect()
}

/// Returns the lines that say how requests ended.
fn ends(server: &Process) -> Vec<Value> {
    let log = server.log();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["message"] == "request")
        .collect()
}

/// Sends requests with texts that must not leave the server. Returns the token of the superuser.
async fn everything(anyone: &Client) -> String {
    let [_, _, title, email, token, path] = SECRETS;
    let root = anyone.with_token(&anyone.login("root", PASSWORD).await);
    let create = root.request(Method::POST, "/posts");
    let create = create
        .header("traceparent", traceparent("01"))
        .header("tracestate", format!("vendor={token}"))
        .json(&json!({ "title": title, "content": title, "status": "published" }));
    assert_eq!(create.send().await.unwrap().status(), 201);
    let list = format!("/posts?title={}", title.replace(' ', "%20"));
    root.get(&list).await.expect_status(200);
    root.get(format!("/posts/{path}")).await.expect_status(400);
    anyone.get(format!("//{path}")).await.expect_status(404);
    let method = Method::from_bytes(b"MARMALADE").unwrap();
    let odd = anyone.request(method, "/posts").send().await.unwrap();
    assert_eq!(odd.status(), 405);
    let wrong = anyone.with_token(token);
    wrong.get("/auth/me").await.expect_status(401);
    let account = json!({ "username": "ada", "email": email, "password": PASSWORD });
    let register = anyone.request(Method::POST, "/auth/register");
    let register = register.header("traceparent", traceparent("01").replace("4bf9", "5bf9"));
    assert_eq!(register.json(&account).send().await.unwrap().status(), 202);
    root.token().to_owned()
}

#[actix_web::test]
async fn a_request_joins_the_trace_of_its_client_and_exports_no_value() {
    let collector = Collector::start().await;
    let program = traced(&collector.url)
        .await
        .with(
            "ATOLL__OTLP__HEADERS",
            "authorization=Bearer for-the-collector",
        )
        .with("ATOLL__OTLP__SERVICE_NAME", "atoll-of-a-test")
        .with("ATOLL__MAIL__TRANSPORT", "file")
        .with("ATOLL__MAIL__FOLDER", "mail")
        .with("ATOLL__MAIL__FROM", "atoll@example.org");
    let folder = program.folder.path().join("mail");
    let (mut server, address) = program.with(LISTEN, "127.0.0.1:0").serve().await;
    let token = everything(&Client::new(address, None, 0)).await;
    let is_mail = |span: &Span| {
        let template = attribute(&span.attributes, "atoll.mail.template");
        span.name == "send mail" && template.as_deref() == Some("verify")
    };
    let mail = eventually("the span of the mail is exported", async || {
        collector.spans().into_iter().find(is_mail)
    })
    .await;
    assert_eq!(lost(&server).await, [0, 0]);
    stop(&mut server).await;

    let spans = collector.spans();
    let create = only(&spans, "POST /api/v1/posts");
    assert_eq!(hex(&create.trace_id), TRACE);
    assert_eq!(hex(&create.parent_span_id), PARENT);
    assert_eq!(create.kind(), SpanKind::Server);
    assert_eq!(create.trace_state, "");
    let get = |key| attribute(&create.attributes, key);
    assert_eq!(get("http.request.method").as_deref(), Some("POST"));
    assert_eq!(get("http.route").as_deref(), Some("/api/v1/posts"));
    assert_eq!(get("url.path").as_deref(), Some("/api/v1/posts"));
    assert_eq!(get("http.response.status_code").as_deref(), Some("201"));
    assert_eq!(get("error.type"), None);
    assert_eq!(get("user_id"), None, "only the log names users");

    let statements = below(&spans, create);
    let insert = statements
        .iter()
        .find(|span| span.name == "INSERT posts")
        .unwrap();
    assert_eq!(insert.trace_id, create.trace_id);
    assert_eq!(insert.kind(), SpanKind::Client);
    assert!(insert.start_time_unix_nano < insert.end_time_unix_nano);
    assert!(create.start_time_unix_nano <= insert.start_time_unix_nano);
    assert!(insert.end_time_unix_nano <= create.end_time_unix_nano);
    let sql = attribute(&insert.attributes, "db.query.text").unwrap();
    assert!(sql.contains("INSERT INTO \"posts\""), "{sql}");
    let system = attribute(&insert.attributes, "db.system.name").unwrap();
    assert!(["sqlite", "postgresql"].contains(&&*system), "{system}");

    let odd = only(&spans, "HTTP /api/v1/posts");
    let method = attribute(&odd.attributes, "http.request.method");
    assert_eq!(method.as_deref(), Some("_OTHER"));
    let missing = only(&spans, "GET /api/v1/posts/{id}");
    assert_eq!(attribute(&missing.attributes, "url.path"), None);
    assert_ne!(hex(&missing.trace_id), TRACE);
    only(&spans, "GET");
    let probes = spans.iter().find(|span| span.name.ends_with("/readyz"));
    assert_eq!(probes, None, "probes would fill the traces");

    let register = only(&spans, "POST /api/v1/auth/register");
    assert_ne!(mail.trace_id, register.trace_id, "it is sent later");
    assert_eq!(mail.links[0].trace_id, register.trace_id);
    assert_eq!(mail.links[0].span_id, register.span_id);
    assert!(!below(&spans, &mail).is_empty());
    let trace = hex(&register.trace_id);
    for letter in fs::read_dir(&folder).unwrap() {
        let letter = fs::read_to_string(letter.unwrap().path()).unwrap();
        assert!(!letter.contains(&trace) && !letter.contains("traceparent"));
    }

    for secret in SECRETS
        .into_iter()
        .chain([&*token, "MARMALADE", "for-the-collector"])
    {
        assert!(!collector.has(secret), "{secret} was exported");
    }
    let head = &collector.exports()[0].head;
    assert!(head.starts_with("POST /v1/traces "), "{head}");
    assert!(head.contains("authorization: Bearer for-the-collector"));
    assert!(
        !head.contains("traceparent"),
        "the exporter is traced: {head}"
    );
    let resource = collector.resource();
    let name = attribute(&resource.attributes, "service.name");
    assert_eq!(name.as_deref(), Some("atoll-of-a-test"));

    let ends = ends(&server);
    let end = ends.iter().find(|end| end["status"] == 201).unwrap();
    assert_eq!(end["span"]["trace_id"], TRACE);
    assert_eq!(end["span"]["user_id"], 1);
    let request = get("atoll.request_id").unwrap();
    assert_eq!(end["span"]["request_id"], request);
    assert_eq!(end["span"]["client"], Value::Null);
    let warned = server.log().contains("traces are lost");
    assert!(!warned, "{}", server.log());
}

#[actix_web::test]
async fn malformed_and_unsampled_parents_are_told_apart() {
    let collector = Collector::start().await;
    let (mut server, address) = traced(&collector.url).await.serve().await;
    let anyone = Client::new(address, None, 0);
    let ask = async |path: &str, parents: &[String]| {
        let mut request = anyone.request(Method::GET, path);
        for parent in parents {
            request = request.header("traceparent", parent);
        }
        assert_eq!(request.send().await.unwrap().status(), 200);
    };
    ask("/meta", &[traceparent("00")]).await;
    ask("/posts", &[traceparent("01").to_uppercase()]).await;
    ask("/comments", &[traceparent("01"), traceparent("01")]).await;
    stop(&mut server).await;

    let spans = collector.spans();
    let meta = spans.iter().find(|span| span.name.ends_with("/meta"));
    assert_eq!(meta, None, "the client does not sample it");
    for name in ["GET /api/v1/posts", "GET /api/v1/comments"] {
        let span = only(&spans, name);
        assert_ne!(hex(&span.trace_id), TRACE, "{name}");
        assert!(span.parent_span_id.is_empty(), "{name}");
        assert_ne!(span.trace_id, [0; 16], "{name}");
    }
    let ends = ends(&server);
    let meta = ends
        .iter()
        .find(|end| end["span"]["route"] == "/api/v1/meta");
    assert_eq!(meta.unwrap()["span"]["trace_id"], TRACE);
}

#[actix_web::test]
async fn traces_are_independent_of_the_level_of_the_log() {
    let collector = Collector::start().await;
    let program = traced(&collector.url).await.with("RUST_LOG", "off");
    let (mut server, address) = program.with("ATOLL__OTLP__SAMPLE_RATIO", "0").serve().await;
    let anyone = Client::new(address, None, 0);
    anyone.get("/posts").await.expect_status(200);
    let sampled = anyone.request(Method::GET, "/comments");
    let sampled = sampled.header("traceparent", traceparent("01"));
    assert_eq!(sampled.send().await.unwrap().status(), 200);
    stop(&mut server).await;

    assert_eq!(server.log(), "");
    let spans = collector.spans();
    let requests = spans.iter().filter(|span| span.kind() == SpanKind::Server);
    let names: Vec<_> = requests.map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /api/v1/comments"]);
    let request = only(&spans, "GET /api/v1/comments");
    assert!(!below(&spans, request).is_empty());
}

/// Returns how many spans a server has lost, by cause.
async fn lost(server: &Process) -> [u64; 2] {
    let found = scrape(&url(server)).await;
    let series = |cause| format!("atoll_trace_spans_dropped_total{{cause=\"{cause}\"}}");
    ["queue", "export"].map(|cause| found[&series(cause)].parse().unwrap())
}

/// Sends requests while the collector is of no use, stops the server, and returns how long that took.
async fn serve_without_collector(endpoint: &str) -> Duration {
    let program = traced(endpoint).await.with("ATOLL__OTLP__QUEUE", "8");
    let (mut server, address) = program.with(LISTEN, "127.0.0.1:0").serve().await;
    let anyone = Client::new(address, None, 0);
    for _ in 0..50 {
        anyone.get("/posts").await.expect_status(200);
    }
    eventually("the loss is logged", async || {
        server.log().contains("traces are lost").then_some(())
    })
    .await;
    anyone.get("/posts").await.expect_status(200);
    eventually("the lost spans are counted", async || {
        let [queue, export] = lost(&server).await;
        (queue > 0 && export > 0).then_some(())
    })
    .await;
    let began = Instant::now();
    stop(&mut server).await;
    let took = began.elapsed();
    let log = server.log();
    assert_eq!(log.matches("traces are lost").count(), 1, "{log}");
    took
}

#[actix_web::test]
async fn a_collector_that_is_away_or_hangs_fails_no_request_and_no_stop() {
    let away = ReservedPort::bind();
    let hanging = Collector::hanging().await;
    // Ten times `otlp.timeout`, for a busy machine.
    let limit = Duration::from_secs(10);

    let took = serve_without_collector(&format!("http://127.0.0.1:{}", away.number)).await;
    assert!(took < limit, "away: {took:?}");
    let took = serve_without_collector(&hanging.url).await;
    assert!(took < limit, "hanging: {took:?}");
    assert!(!hanging.exports().is_empty());
}

#[actix_web::test]
async fn the_log_has_the_address_of_a_client_only_if_it_is_asked_for() {
    for (setting, client) in [("false", Value::Null), ("true", "127.0.0.1".into())] {
        let (program, _) = program().await;
        let program = program.with("ATOLL__LOG__FORMAT", "json");
        let program = program.with("ATOLL__LOG__CLIENT_ADDRESS", setting);
        let (mut server, address) = program.serve().await;
        let anyone = Client::new(address, None, 0);
        anyone.get("/posts").await.expect_status(200);
        stop(&mut server).await;

        let ends = ends(&server);
        let end = ends.iter().find(|end| end["status"] == 200).unwrap();
        assert_eq!(end["span"]["client"], client);
        assert_eq!(end["span"]["trace_id"], Value::Null, "traces are off");
    }
}
