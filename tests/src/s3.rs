//! An S3-compatible store in memory: objects of one bucket, uploads in parts, and signatures (AWS Signature Version 4), which it checks.
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::{port::ReservedPort, process::Program};

pub const BUCKET: &str = "books";
pub const KEY_ID: &str = "AKIDEXAMPLE";
pub const SECRET_KEY: &str = "the+secret/key+of+the+tests";

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    Answer,
    /// It answers 500.
    Fail,
    /// It reads the request and never answers.
    Hang,
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// The path with the query.
    pub target: String,
    pub bytes: usize,
}

type Rule = Box<dyn Fn(&Seen) -> Conduct + Send>;

struct State {
    objects: BTreeMap<String, Vec<u8>>,
    /// The parts of uploads that are neither completed nor aborted.
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    seen: Vec<Seen>,
    rule: Rule,
}

#[derive(Clone)]
pub struct S3 {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl S3 {
    /// Starts a server with an empty bucket, which runs until the test ends.
    pub fn start() -> Self {
        let port = ReservedPort::bind();
        let server = Self {
            endpoint: format!("http://127.0.0.1:{}", port.number),
            state: Arc::new(Mutex::new(State {
                objects: BTreeMap::new(),
                uploads: BTreeMap::new(),
                seen: Vec::new(),
                rule: Box::new(|_| Conduct::Answer),
            })),
        };
        let listener = port.listen();
        let all = server.clone();
        actix_web::rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                actix_web::rt::spawn(serve(client, all.clone()));
            }
        });
        server
    }

    /// Sets the variables with which a program keeps its backups here. A failed request is hardly tried again.
    pub fn configure(&self, program: Program) -> Program {
        program
            .with("ATOLL__BACKUP__STORE", &format!("s3://{BUCKET}/atoll/a"))
            .with("AWS_ENDPOINT_URL", &self.endpoint)
            .with("AWS_ACCESS_KEY_ID", KEY_ID)
            .with("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .with("ATOLL__BACKUP__S3__REQUEST_TIMEOUT", "30s")
            .with("ATOLL__BACKUP__S3__RETRY_TIMEOUT", "1s")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Decides what becomes of each request.
    pub fn behave(&self, rule: impl Fn(&Seen) -> Conduct + Send + 'static) {
        self.state().rule = Box::new(rule);
    }

    /// Returns the keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// Returns the number of uploads that are neither completed nor aborted.
    pub fn open_uploads(&self) -> usize {
        self.state().uploads.len()
    }

    /// Changes the first object whose key ends like this.
    pub fn change(&self, end: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let mut objects = state.objects.iter_mut();
        let (_, object) = objects.find(|(key, _)| key.ends_with(end)).unwrap();
        change(object);
    }

    /// Removes all objects whose keys end like this.
    pub fn remove(&self, end: &str) {
        self.state().objects.retain(|key, _| !key.ends_with(end));
    }

    /// Gives an object another key.
    pub fn rename(&self, from: &str, to: &str) {
        let mut state = self.state();
        let all = std::mem::take(&mut state.objects);
        state.objects = all
            .into_iter()
            .map(|(key, object)| (key.replace(from, to), object))
            .collect();
    }
}

struct Request {
    seen: Seen,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

async fn serve(client: TcpStream, server: S3) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    while let Some(request) = read(&mut client).await? {
        let conduct = {
            let mut state = server.state();
            state.seen.push(request.seen.clone());
            (state.rule)(&request.seen)
        };
        let (status, headers, body) = match conduct {
            Conduct::Hang => std::future::pending().await,
            Conduct::Fail => refusal(500, "InternalError"),
            Conduct::Answer if !is_signed(&request) => refusal(403, "SignatureDoesNotMatch"),
            Conduct::Answer => answer(&mut server.state(), &request),
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        );
        client.write_all(head.as_bytes()).await?;
        client.write_all(&body).await?;
    }
    Ok(())
}

async fn read(client: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if client.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let bytes = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; bytes];
    client.read_exact(&mut body).await?;
    let seen = Seen {
        method,
        target,
        bytes,
    };
    Ok(Some(Request {
        seen,
        headers,
        body,
    }))
}

type Reply = (u16, String, Vec<u8>);

fn refusal(status: u16, code: &str) -> Reply {
    let xml = format!("<Error><Code>{code}</Code><Message>{code} it is</Message></Error>");
    (status, String::new(), xml.into_bytes())
}

fn ok(headers: String, body: impl Into<Vec<u8>>) -> Reply {
    (200, headers, body.into())
}

fn etag(content: &[u8]) -> String {
    format!(
        "etag: \"{}\"\r\nlast-modified: Mon, 30 Nov 2026 07:00:00 GMT\r\n",
        &hex(&Sha256::digest(content))[..32]
    )
}

fn answer(state: &mut State, request: &Request) -> Reply {
    let target = &request.seen.target;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: BTreeMap<_, _> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name, decoded(value)))
        .collect();
    let path = decoded(path);
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket != BUCKET {
        return refusal(404, "NoSuchBucket");
    }
    let key = key.to_owned();
    let upload = query.get("uploadId").cloned();
    match (request.seen.method.as_str(), upload) {
        ("GET", None) if key.is_empty() => {
            let prefix = query.get("prefix").cloned().unwrap_or_default();
            ok(String::new(), listed(&state.objects, &prefix))
        }
        ("GET", None) => get(state, &key, request.headers.get("range")),
        ("PUT", None) => {
            let headers = etag(&request.body);
            state.objects.insert(key, request.body.clone());
            ok(headers, "")
        }
        ("PUT", Some(id)) => {
            let headers = etag(&request.body);
            let number = query["partNumber"].parse().unwrap();
            let Some(parts) = state.uploads.get_mut(&id) else {
                return refusal(404, "NoSuchUpload");
            };
            parts.insert(number, request.body.clone());
            ok(headers, "")
        }
        ("POST", None) if query.contains_key("uploads") => {
            let id = format!("upload-{}", state.seen.len());
            state.uploads.insert(id.clone(), BTreeMap::new());
            let xml = format!(
                "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            );
            ok(String::new(), xml)
        }
        ("POST", Some(id)) => {
            let Some(parts) = state.uploads.remove(&id) else {
                return refusal(404, "NoSuchUpload");
            };
            let whole: Vec<u8> = parts.into_values().flatten().collect();
            state.objects.insert(key, whole);
            ok(
                String::new(),
                "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>",
            )
        }
        ("DELETE", Some(id)) => {
            state.uploads.remove(&id);
            (204, String::new(), Vec::new())
        }
        ("DELETE", None) => {
            state.objects.remove(&key);
            (204, String::new(), Vec::new())
        }
        _ => refusal(501, "NotImplemented"),
    }
}

fn get(state: &State, key: &str, range: Option<&String>) -> Reply {
    let Some(object) = state.objects.get(key) else {
        return refusal(404, "NoSuchKey");
    };
    let headers = etag(object);
    let Some(range) = range else {
        return ok(headers, object.clone());
    };
    let (start, end) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let (start, last): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
    let end = object.len().min(last + 1);
    let headers = format!(
        "{headers}content-range: bytes {start}-{}/{}\r\n",
        end - 1,
        object.len()
    );
    (206, headers, object[start..end].to_vec())
}

fn listed(objects: &BTreeMap<String, Vec<u8>>, prefix: &str) -> String {
    let mut xml = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (key, object) in objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let size = object.len();
        write!(
            xml,
            "<Contents><Key>{key}</Key><LastModified>2026-11-30T07:00:00.000Z</LastModified><ETag>\"x\"</ETag><Size>{size}</Size></Contents>"
        )
        .unwrap();
    }
    xml.push_str("</ListBucketResult>");
    xml
}

fn decoded(text: &str) -> String {
    let url = reqwest::Url::parse(&format!("http://x/?x={}", text.replace('+', "%2B"))).unwrap();
    let mut pairs = url.query_pairs();
    pairs.next().unwrap().1.into_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Computes the signature again, as "Signing AWS API requests" describes it, with the checksum of the body that arrived.
fn is_signed(request: &Request) -> bool {
    let header = |name: &str| request.headers.get(name).map_or("", String::as_str);
    let authorization = header("authorization");
    let field = |name: &str| {
        let (_, rest) = authorization.split_once(name).unwrap_or_default();
        rest.split(',').next().unwrap_or_default().to_owned()
    };
    let (credential, signed) = (field("Credential="), field("SignedHeaders="));
    let Some((id, scope)) = credential.split_once('/') else {
        return false;
    };
    let target = &request.seen.target;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            if pair.contains('=') {
                pair.to_owned()
            } else {
                format!("{pair}=")
            }
        })
        .collect();
    pairs.sort_unstable();
    let headers = signed.split(';').fold(String::new(), |mut text, name| {
        let _ = writeln!(text, "{name}:{}", header(name));
        text
    });
    let body = hex(&Sha256::digest(&request.body));
    let method = &request.seen.method;
    let canonical = format!(
        "{method}\n{path}\n{}\n{headers}\n{signed}\n{body}",
        pairs.join("&")
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        header("x-amz-date"),
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let start = format!("AWS4{SECRET_KEY}").into_bytes();
    let key = scope.split('/').fold(start, |key, part| mac(&key, part));
    id == KEY_ID && field("Signature=") == hex(&mac(&key, &text))
}
