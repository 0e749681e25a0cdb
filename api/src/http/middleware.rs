//! Around every request: an id, a span, a bound on how many there are, and work that runs to its end whatever the client does.
use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_cors::CorsError;
use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, VARY},
    middleware::Next,
    web::Data,
};
use secrecy::ExposeSecret;
use service::database::Caller;
use tokio::sync::Semaphore;
use tracing::{Instrument, Span, field::Empty, info_span};
use uuid::Uuid;

use super::{
    Problem, cache::CachePolicy, cookie, limit, matched::Matched, outgoing, rules::Rules,
    safety::protect, slot::Slot,
};
use crate::{
    load::{Load, Peer, hung_up},
    proxies::{Proxies, ProxyHeader},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Requests to `/healthz` that are answered at once, and as many to `/readyz`. They have places of their own, so that a
/// server that is full is not taken for one that is down.
const PROBES: usize = 16;
const HEALTH: &str = "/healthz";
const READINESS: &str = "/readyz";
const PROBED: [&str; 2] = [HEALTH, READINESS];

/// What the log, the answer and the audit call a request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// When the head of a request was read.
#[derive(Debug, Clone, Copy)]
pub struct Arrival(pub tokio::time::Instant);

/// The client's address; none where the connection has none.
#[derive(Debug, Clone, Copy)]
pub struct Address(pub Option<IpAddr>);

/// What every request has to pass.
#[derive(Clone)]
pub struct Gate {
    /// How many requests may be worked on at once, over all workers.
    pub places: Arc<Semaphore>,
    health: Arc<Semaphore>,
    readiness: Arc<Semaphore>,
    pub load: Load,
    /// Whether clients come by TLS, which somebody ahead of this server ends.
    pub is_by_tls: bool,
    pub proxies: Proxies,
    pub proxy_header: ProxyHeader,
}

impl Gate {
    pub fn new(
        places: Arc<Semaphore>,
        load: Load,
        (is_by_tls, proxies, proxy_header): (bool, Proxies, ProxyHeader),
    ) -> Self {
        Self {
            places,
            health: Arc::new(Semaphore::new(PROBES)),
            readiness: Arc::new(Semaphore::new(PROBES)),
            load,
            is_by_tls,
            proxies,
            proxy_header,
        }
    }

    fn address(&self, request: &ServiceRequest) -> Address {
        let client = |peer| {
            self.proxies
                .client(self.proxy_header, peer, request.headers())
        };
        Address(request.peer_addr().map(|peer| client(peer.ip())))
    }

    fn places(&self, matched: &Matched) -> &Arc<Semaphore> {
        match matched.pattern() {
            HEALTH => &self.health,
            READINESS => &self.readiness,
            _ => &self.places,
        }
    }
}

/// The outermost middleware: it names the request, and gives every answer what all of them bear.
pub async fn seal(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let gate = request.app_data::<Data<Gate>>().cloned();
    let matched = Matched::find(&request);
    let seal = Seal {
        request_id: request_id(&request),
        path: request.path().to_owned(),
        is_by_tls: gate.as_ref().is_some_and(|gate| gate.is_by_tls),
        cache: CachePolicy::of(&matched, request.method(), request.headers()),
    };
    let (id, method) = (seal.request_id.clone(), request.method().clone());
    let span = info_span!(
        "request", request_id = id, %method, route = Empty, status = Empty, latency_ms = Empty, user_id = Empty
    );
    if !matched.pattern().is_empty() {
        span.record("route", matched.pattern());
    }
    request.extensions_mut().insert(RequestId(id));
    request.extensions_mut().insert(Arrival(started.into()));
    if let Some(gate) = &gate {
        let address = gate.address(&request);
        request.extensions_mut().insert(address);
    }
    request.extensions_mut().insert(matched);
    match next.call(request).instrument(span.clone()).await {
        Ok(response) => {
            let response = finish(response.map_into_boxed_body(), &seal);
            log(&span, started, response.status().as_u16());
            Ok(response)
        }
        Err(error) => {
            let problem = problem(&error);
            log(&span, started, problem.status_code().as_u16());
            let said = error.error_response().headers().clone();
            let problem = seal.name(problem);
            Err(Refused {
                problem,
                said,
                seal,
            }
            .into())
        }
    }
}

/// Gives a request a place, and works on it in a task of its own: a client that resets its connection must not cancel a
/// transaction half way. The place is held until the task ends, so that abandoned work is bounded too. A panic ends only
/// that task.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let gate = request.app_data::<Data<Gate>>().cloned();
    let gate = gate.ok_or_else(Problem::internal)?;
    let slot = {
        let known = request.extensions();
        let address = known.get().and_then(|Address(known)| *known);
        let places = known.get().map_or(&gate.places, |known| gate.places(known));
        Slot::new(&gate.load, places, address)
    };
    if !is_probe(&request) {
        slot.begin(credential(&request).as_deref())?;
    }
    slot.step_in()?;
    request.extensions_mut().insert(slot.clone());
    let is_read = request.method().is_safe();
    let working = slot.clone();
    let peer = Peer::of(&request).filter(|_| is_read);
    // When the client resets its connection, this future is dropped, and the presence with it.
    let (presence, caller) = Caller::new();
    let mut presence = Some(presence);
    let work = async move {
        let work = next.call(request);
        let done = if is_read {
            caller.run(work).await
        } else {
            work.await
        };
        working.release();
        done
    };
    let mut work = actix_web::rt::spawn(work.instrument(Span::current()));
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = hung_up(peer.as_ref()), if presence.is_some() => presence = None,
        }
    };
    match done {
        Ok(done) => {
            let (request, response) = done?.map_into_boxed_body().into_parts();
            let response = outgoing::bound(response, &gate.load, (slot.caller(), is_read));
            Ok(match response {
                Ok(response) => ServiceResponse::new(request, response),
                Err(problem) => ServiceResponse::from_err(problem, request),
            })
        }
        Err(panicked) => {
            tracing::error!(%panicked, "a handler panicked");
            Err(Problem::internal().into())
        }
    }
}

fn is_probe(request: &ServiceRequest) -> bool {
    let matched = Matched::of(request.request());
    PROBED.contains(&matched.pattern())
}

/// The credential of a request, as it was sent.
fn credential(request: &ServiceRequest) -> Option<Vec<u8>> {
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        return Some(header.as_bytes().to_vec());
    }
    let rules = request.app_data::<Data<Rules>>()?;
    let matched = Matched::of(request.request());
    let passage = rules.get(request.method(), matched.pattern())?;
    // A cookie that comes with a sign-in is not its credential.
    let cookie = cookie::of(request.request()).filter(|_| !passage.signs_in)?;
    Some(cookie.expose_secret().as_bytes().to_vec())
}

fn log(span: &Span, started: Instant, status: u16) {
    span.record("status", status);
    span.record("latency_ms", started.elapsed().as_secs_f64() * 1e3);
    span.in_scope(|| tracing::info!("answered"));
}

/// Gives a failure, the framework's own too, its form and its place.
fn finish(response: ServiceResponse<BoxBody>, seal: &Seal) -> ServiceResponse<BoxBody> {
    let failure = response.response().error().map(problem);
    let (request, response) = response.into_parts();
    let mut response = match failure {
        Some(problem) => {
            let whole = seal.name(problem).error_response();
            with_what_was_said_to_origins(whole, response.headers())
        }
        None => response,
    };
    limit::announce(&request, &mut response);
    ServiceResponse::new(request, seal.put(response))
}

fn problem(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    match error.as_error::<CorsError>() {
        Some(CorsError::OriginNotAllowed) => Problem::forbidden(
            "this origin is not allowed: an operator may add it to server.cors_origins",
        ),
        Some(other) => Problem::malformed(other.to_string()),
        None => Problem::from_status(error.as_response_error().status_code()),
    }
}

/// Scripts of other origins may read a failure where they may read a success.
fn with_what_was_said_to_origins(mut whole: HttpResponse, said: &HeaderMap) -> HttpResponse {
    for (name, value) in said {
        if name == VARY || name.as_str().starts_with("access-control-") {
            whole.headers_mut().append(name.clone(), value.clone());
        }
    }
    whole
}

/// What every answer bears.
#[derive(Debug)]
struct Seal {
    request_id: String,
    path: String,
    is_by_tls: bool,
    cache: CachePolicy,
}

impl Seal {
    /// Says which request a problem is about.
    fn name(&self, problem: Problem) -> Problem {
        problem.at(&self.path, &self.request_id)
    }

    fn put(&self, mut response: HttpResponse) -> HttpResponse {
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        protect(&mut response, self.is_by_tls);
        self.cache.put(response.headers_mut());
        response
    }
}

/// The client's own id if it is one to log, else a new one that sorts by time.
fn request_id(request: &ServiceRequest) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let theirs = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|id| id.to_str().ok());
    match theirs {
        Some(id) if (1..=64).contains(&id.len()) && id.bytes().all(is_plain) => id.to_owned(),
        _ => Uuid::now_v7().simple().to_string(),
    }
}

/// A problem where the request is out of reach.
#[derive(Debug)]
struct Refused {
    problem: Problem,
    said: HeaderMap,
    seal: Seal,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> actix_web::http::StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let whole = self.problem.error_response();
        self.seal
            .put(with_what_was_said_to_origins(whole, &self.said))
    }
}
