//! Around every request: an id, a span, a bound on how many there are, and work that runs to its end whatever the client does.
use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue, VARY},
    middleware::Next,
    web::Data,
};
use tokio::sync::Semaphore;
use tracing::{Instrument, Span, field::Empty, info_span};
use uuid::Uuid;

use super::{Problem, cookie, limit, safety::protect};
use crate::proxies::{Proxies, ProxyHeader};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
    /// Whether clients come by TLS, which somebody ahead of this server ends.
    pub is_by_tls: bool,
    pub proxies: Proxies,
    pub proxy_header: ProxyHeader,
}

impl Gate {
    fn address(&self, request: &ServiceRequest) -> Address {
        let client = |peer| {
            self.proxies
                .client(self.proxy_header, peer, request.headers())
        };
        Address(request.peer_addr().map(|peer| client(peer.ip())))
    }
}

/// The outermost middleware.
///
/// The request is worked on in a task of its own: a client that resets its connection must not cancel a transaction half
/// way. The task holds its place until it ends, so that abandoned work is bounded too. A panic ends only that task.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let gate = request.app_data::<Data<Gate>>().cloned();
    let seal = Seal {
        request_id: request_id(&request),
        is_by_tls: gate.as_ref().is_some_and(|gate| gate.is_by_tls),
        // What comes with a sign-in is no credential there.
        has_cookie: cookie::is_in(request.headers()) && !request.path().ends_with("/auth/cookie"),
    };
    let id = seal.request_id.clone();
    let path = request.path().to_owned();
    let method = request.method().clone();
    let span = info_span!(
        "request", request_id = id, %method, route = Empty, status = Empty, latency_ms = Empty, user_id = Empty
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(Arrival(started.into()));
    if let Some(gate) = &gate {
        let address = gate.address(&request);
        request.extensions_mut().insert(address);
    }
    let place = gate.and_then(|gate| gate.places.clone().try_acquire_owned().ok());
    let Some(place) = place else {
        let problem = Problem::unavailable("this server").at(&path, &id);
        return Ok(request.into_response(seal.put(problem.error_response())));
    };
    let work = async move {
        let _place = place;
        next.call(request).await
    };
    let work = actix_web::rt::spawn(work.instrument(span.clone()));
    match work.await {
        Ok(Ok(response)) => {
            span.record("route", response.request().match_pattern());
            log(&span, started, response.status().as_u16());
            Ok(finish(response.map_into_boxed_body(), &path, &seal))
        }
        Ok(Err(error)) => {
            let problem = error.as_error::<Problem>().cloned();
            let problem = problem
                .unwrap_or_else(|| Problem::from_status(error.as_response_error().status_code()));
            log(&span, started, problem.status_code().as_u16());
            Err(Refused(problem.at(&path, &id), seal).into())
        }
        Err(panicked) => {
            span.in_scope(|| tracing::error!(%panicked, "a handler panicked"));
            log(&span, started, Problem::internal().status_code().as_u16());
            Err(Refused(Problem::internal().at(&path, &id), seal).into())
        }
    }
}

fn log(span: &Span, started: Instant, status: u16) {
    span.record("status", status);
    span.record("latency_ms", started.elapsed().as_secs_f64() * 1e3);
    span.in_scope(|| tracing::info!("answered"));
}

/// Gives a failure, the framework's own too, its form and its place.
fn finish(response: ServiceResponse<BoxBody>, path: &str, seal: &Seal) -> ServiceResponse<BoxBody> {
    let failure = response
        .response()
        .error()
        .map(|error| match error.as_error::<Problem>() {
            Some(problem) => problem.clone(),
            None => Problem::from_status(error.as_response_error().status_code()),
        });
    let (request, response) = response.into_parts();
    let mut response = match failure {
        Some(problem) => {
            let whole = problem.at(path, &seal.request_id).error_response();
            with_what_was_said_to_origins(whole, &response)
        }
        None => response,
    };
    limit::announce(&request, &mut response);
    ServiceResponse::new(request, seal.put(response))
}

/// Scripts of other origins may read a failure where they may read a success.
fn with_what_was_said_to_origins(mut whole: HttpResponse, said: &HttpResponse) -> HttpResponse {
    for (name, value) in said.headers() {
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
    is_by_tls: bool,
    has_cookie: bool,
}

impl Seal {
    fn put(&self, mut response: HttpResponse) -> HttpResponse {
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        protect(&mut response, self.is_by_tls);
        cookie::take_back(self.has_cookie, &mut response);
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
struct Refused(Problem, Seal);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> actix_web::http::StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.1.put(self.0.error_response())
    }
}
