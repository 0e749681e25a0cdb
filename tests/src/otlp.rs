//! A collector of traces (OTLP over HTTP), which keeps what it receives.
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::Span,
};
use prost::Message;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Runs until the test ends.
#[derive(Clone)]
pub struct Collector {
    pub url: String,
    exports: Arc<Mutex<Vec<Export>>>,
    answers: bool,
}

/// One request to the collector.
#[derive(Debug, Clone)]
pub struct Export {
    pub head: String,
    pub body: Vec<u8>,
}

impl Collector {
    pub async fn start() -> Self {
        Self::listen(true).await
    }

    /// Starts a collector that receives and never answers.
    pub async fn hanging() -> Self {
        Self::listen(false).await
    }

    async fn listen(answers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            exports: Arc::default(),
            answers,
        };
        let all = collector.clone();
        actix_web::rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                actix_web::rt::spawn(serve(client, all.clone()));
            }
        });
        collector
    }

    pub fn exports(&self) -> Vec<Export> {
        self.exports.lock().unwrap().clone()
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let exports = self.exports().into_iter();
        exports
            .map(|export| ExportTraceServiceRequest::decode(&*export.body).unwrap())
            .collect()
    }

    pub fn spans(&self) -> Vec<Span> {
        let resources = self
            .requests()
            .into_iter()
            .flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Returns what the first export says about the server.
    pub fn resource(&self) -> Resource {
        let request = self.requests().remove(0);
        request.resource_spans[0].resource.clone().unwrap()
    }

    /// Tells whether this text is in anything that was exported.
    pub fn has(&self, text: &str) -> bool {
        let contains = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        self.exports().iter().any(|export| contains(&export.body))
    }
}

async fn serve(client: TcpStream, collector: Collector) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    loop {
        let mut head = String::new();
        while client.read_line(&mut head).await? > 2 {}
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().unwrap())
        });
        let Some(length) = length else {
            return Ok(());
        };
        let mut body = vec![0; length];
        client.read_exact(&mut body).await?;
        let export = Export { head, body };
        collector.exports.lock().unwrap().push(export);
        if !collector.answers {
            return std::future::pending().await;
        }
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        client.write_all(answer.as_bytes()).await?;
    }
}

/// Returns an attribute as a text; a number in decimal digits.
pub fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match &found.value {
        Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }) => Some(text.clone()),
        Some(AnyValue {
            value: Some(Value::IntValue(number)),
        }) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}
