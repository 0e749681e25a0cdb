//! Middleware of every request: its id and span, the limit on concurrent requests, and a task of its own, so that a
//! disconnect does not cancel the work.
mod response_body;
mod security_headers;
mod span;

pub use response_body::SharedBody;

use std::{collections::HashMap, sync::Arc, time::Instant};

use actix_cors::CorsError;
use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, StatusCode,
        header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, VARY},
    },
    middleware::Next,
    web::Data,
};
use kernel::database::Connection;
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use tracing::{Instrument, Span};
use uuid::Uuid;

use self::response_body::limit_unsent;
use crate::{
    access::AccessPolicies,
    application::Application,
    cache::CachePolicy,
    call::{limit, position},
    cookie::HostCookie,
    draining::Draining,
    load::{Load, Peer, Slot, hung_up},
    metrics::HttpMetrics,
    problem::Problem,
    proxies::{Proxies, ProxyHeader},
    request::{Address, Arrival, MatchedRoute, RequestId},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The concurrent requests to each probe, which have permits of their own, so that a full server does not look like one that is
/// down.
const MAX_PROBES: usize = 16;

/// The limits and proxy settings that apply to every request.
#[derive(Clone)]
pub struct RequestGuard {
    /// The permits for concurrent requests, over all workers.
    pub permits: Arc<Semaphore>,
    /// The permits of each probe, by the pattern of its route.
    probes: HashMap<String, Arc<Semaphore>>,
    pub load: Load,
    /// Whether clients use TLS, which a proxy terminates.
    pub is_tls: bool,
    pub proxies: Proxies,
    pub proxy_header: ProxyHeader,
    pub metrics: Arc<HttpMetrics>,
    logs_client_address: bool,
}

impl RequestGuard {
    pub fn new(
        permits: Arc<Semaphore>,
        load: Load,
        (is_tls, proxies, proxy_header): (bool, Proxies, ProxyHeader),
        probes: impl Iterator<Item = String>,
        metrics: HttpMetrics,
    ) -> Self {
        let permits_of_probe = |pattern| (pattern, Arc::new(Semaphore::new(MAX_PROBES)));
        Self {
            permits,
            probes: probes.map(permits_of_probe).collect(),
            load,
            is_tls,
            proxies,
            proxy_header,
            metrics: Arc::new(metrics),
            logs_client_address: false,
        }
    }

    /// Sets whether log lines about a request have the address of its client.
    pub fn log_client_address(self, is_on: bool) -> Self {
        Self {
            logs_client_address: is_on,
            ..self
        }
    }

    fn address(&self, request: &ServiceRequest) -> Address {
        let client = |peer| {
            self.proxies
                .client(self.proxy_header, peer, request.headers())
        };
        Address(request.peer_addr().map(|peer| client(peer.ip())))
    }

    fn is_probe(&self, matched: &MatchedRoute) -> bool {
        self.probes.contains_key(matched.pattern())
    }

    fn permits(&self, matched: &MatchedRoute) -> &Arc<Semaphore> {
        self.probes.get(matched.pattern()).unwrap_or(&self.permits)
    }
}

/// The outermost middleware: it gives the request an id, logs it, and adds the headers that every answer has.
pub async fn trace_request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let guard = request.app_data::<Data<RequestGuard>>().cloned();
    let matched = MatchedRoute::find(&request);
    let headers = ResponseHeaders {
        request_id: request_id(&request),
        path: request.path().to_owned(),
        is_tls: guard.as_ref().is_some_and(|guard| guard.is_tls),
        cache: CachePolicy::new(
            &matched,
            request.method(),
            (request.headers(), session_cookie(&request)),
        ),
        draining: request
            .app_data::<Data<Draining>>()
            .map_or_else(Draining::default, |draining| draining.as_ref().clone()),
    };
    let (id, method) = (headers.request_id.clone(), request.method().clone());
    let address = guard.as_ref().map(|guard| guard.address(&request));
    let client = guard.as_ref().filter(|guard| guard.logs_client_address);
    let client = client.and_then(|_| address.as_ref()?.0);
    let is_probe = guard.as_ref().is_some_and(|guard| guard.is_probe(&matched));
    let (span, traces) = span::begin(&request, (&id, matched.pattern()), client, is_probe);
    request.extensions_mut().insert(RequestId(id));
    request.extensions_mut().insert(Arrival(started.into()));
    if let Some(address) = address {
        request.extensions_mut().insert(address);
    }
    request.extensions_mut().insert(matched.clone());
    let note_end = |status| {
        if let Some(guard) = &guard {
            let route = (&method, matched.pattern());
            guard.metrics.count(route, status, started.elapsed());
        }
        if let Some(traces) = traces {
            traces.end(&span, status);
        }
    };
    match next.call(request).instrument(span.clone()).await {
        Ok(response) => {
            let response = finish(response.map_into_boxed_body(), &headers);
            note_end(response.status());
            span::log_end(&span, started, response.status(), is_probe);
            Ok(response)
        }
        Err(error) => {
            let problem = problem(&error);
            note_end(problem.status_code());
            span::log_end(&span, started, problem.status_code(), is_probe);
            let cors = error.error_response().headers().clone();
            let problem = headers.identify(problem);
            Err(RefusedRequest {
                problem,
                cors,
                headers,
            }
            .into())
        }
    }
}

/// Takes a permit for a request and handles it in a task of its own, so that a client that resets its connection does not
/// cancel a transaction. The permit is held until the task ends, so that abandoned work is limited too. A panic ends only
/// that task.
pub async fn guard_request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let guard = request.app_data::<Data<RequestGuard>>().cloned();
    let guard = guard.ok_or_else(Problem::internal)?;
    let slot = {
        let extensions = request.extensions();
        let address = extensions.get().and_then(|Address(address)| *address);
        let matched = extensions.get();
        let permits = matched.map_or(&guard.permits, |matched| guard.permits(matched));
        Slot::new(&guard.load, permits, address)
    };
    let is_probe = guard.is_probe(&MatchedRoute::from_request(request.request()));
    if !is_probe {
        slot.begin(credential(&request).as_deref())?;
    }
    slot.acquire_permit()?;
    request.extensions_mut().insert(slot.clone());
    let is_read = request.method().is_safe();
    let working = slot.clone();
    let peer = Peer::from_request(&request).filter(|_| is_read);
    // Dropping `presence`, with this future or when the client hangs up, tells a read that nobody waits for it.
    let (presence, connection) = Connection::new();
    let mut presence = Some(presence);
    let work = async move {
        let work = next.call(request);
        let done = if is_read {
            connection.run(work).await
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
            let response = limit_unsent(response, &guard.load, (slot.caller(), is_read));
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

fn session_cookie(request: &ServiceRequest) -> Option<HostCookie> {
    let application = request.app_data::<Data<dyn Application>>()?;
    application.session_cookie()
}

/// Returns the credential of a request as it was sent.
fn credential(request: &ServiceRequest) -> Option<Vec<u8>> {
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        return Some(header.as_bytes().to_vec());
    }
    let policies = request.app_data::<Data<AccessPolicies>>()?;
    let matched = MatchedRoute::from_request(request.request());
    let policy = policies.get(request.method(), matched.pattern())?;
    // A sign-in does not use the cookie that comes with it.
    let cookie = session_cookie(request).filter(|_| !policy.is_sign_in)?;
    let cookie = cookie.read(request.request())?;
    Some(cookie.expose_secret().as_bytes().to_vec())
}

/// Turns a failure, including one of actix-web, into a problem, and adds the common headers.
fn finish(
    response: ServiceResponse<BoxBody>,
    headers: &ResponseHeaders,
) -> ServiceResponse<BoxBody> {
    let failure = response.response().error().map(problem);
    let (request, response) = response.into_parts();
    let mut response = match failure {
        Some(problem) => {
            let answer = headers.identify(problem).error_response();
            with_cors_headers(answer, response.headers())
        }
        None => response,
    };
    limit::add_headers(&request, &mut response);
    position::add_headers(&request, &mut response);
    ServiceResponse::new(request, headers.apply(response))
}

fn problem(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    match error.as_error::<CorsError>() {
        Some(CorsError::OriginNotAllowed) => {
            Problem::forbidden("origin not allowed: an operator can add it to server.cors_origins")
        }
        Some(other) => Problem::malformed(other.to_string()),
        None => Problem::from_status(error.as_response_error().status_code()),
    }
}

/// Copies the CORS headers, so that a page that may read a success may read a failure too.
fn with_cors_headers(mut answer: HttpResponse, cors: &HeaderMap) -> HttpResponse {
    for (name, value) in cors {
        if name == VARY || name.as_str().starts_with("access-control-") {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}

/// The headers that every answer has.
#[derive(Debug)]
struct ResponseHeaders {
    request_id: String,
    path: String,
    is_tls: bool,
    cache: CachePolicy,
    draining: Draining,
}

impl ResponseHeaders {
    /// Adds the path and the id of the request to a problem.
    fn identify(&self, problem: Problem) -> Problem {
        problem.for_request(&self.path, &self.request_id)
    }

    fn apply(&self, mut response: HttpResponse) -> HttpResponse {
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        security_headers::apply(&mut response, self.is_tls);
        self.cache.apply(response.headers_mut());
        // A client that reused the connection could lose a request, because the connection is about to end.
        if self.draining.is_on() {
            let head = response.head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
        response
    }
}

/// Returns the client's own id if it is short and safe to log, else a new id that sorts by time.
fn request_id(request: &ServiceRequest) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let sent = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|id| id.to_str().ok());
    match sent {
        Some(id) if (1..=64).contains(&id.len()) && id.bytes().all(is_plain) => id.to_owned(),
        _ => Uuid::now_v7().simple().to_string(),
    }
}

/// A problem from a middleware that returned an error instead of a response, so that the request is no longer available.
#[derive(Debug)]
struct RefusedRequest {
    problem: Problem,
    cors: HeaderMap,
    headers: ResponseHeaders,
}

impl std::fmt::Display for RefusedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for RefusedRequest {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let answer = self.problem.error_response();
        self.headers.apply(with_cors_headers(answer, &self.cors))
    }
}
