//! The one extractor: it makes the contract's checks in the contract's order (§1), so that each request has exactly one answer.
use std::pin::Pin;

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{
        Method,
        header::{AUTHORIZATION, USER_AGENT},
    },
    web::Data,
};
use secrecy::SecretString;
use service::{
    Actor, Error, Kernel, Limit, Origin, Session, auth,
    crud::{Expected, Target},
    idempotency::Once,
};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tracing::Span;

use super::{
    Body, Links, NoBody, NoQuery, Origins, Problem, Query,
    body::Limits,
    cookie, csrf, device,
    heavy::HeavyReads,
    limit,
    matched::Matched,
    middleware::{Address, Arrival, RequestId},
    once, precondition, query,
    relation::Relations,
    rules::{Passage, Rules},
    slot::Slot,
};
use crate::settings::ApiSettings;

/// `server.public_url`, or nothing.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub String);

/// A request that passed every check that needs no row.
pub struct Call<B = NoBody, Q = NoQuery> {
    pub session: Session,
    pub query: Q,
    pub input: B,
    pub links: Links,
    pub relations: Data<Relations>,
    /// Bytes of the answer, at most.
    pub answer_limit: u64,
    matching: Result<Expected, Problem>,
    expected: Result<Expected, Problem>,
    once: Result<Option<Once>, Problem>,
    ids: Vec<i64>,
    /// The place of a heavy read, held until it is answered.
    _heavy: Option<OwnedSemaphorePermit>,
}

impl<B, Q> Call<B, Q> {
    /// The first id of the path; 0, which no row has, where the path has none.
    pub fn id(&self) -> i64 {
        self.ids.first().copied().unwrap_or_default()
    }

    /// The second id of the path.
    pub fn second_id(&self) -> i64 {
        self.ids.get(1).copied().unwrap_or_default()
    }

    /// What `Idempotency-Key` says. Fails where it cannot be read.
    pub fn once(&self) -> Result<Option<Once>, Problem> {
        self.once.clone()
    }

    /// The row of the path, with what the preconditions say of it. Fails where they cannot be read.
    pub fn target(&self) -> Result<Target, Problem> {
        Ok(Target {
            id: self.id(),
            expected: self.expected()?,
        })
    }

    /// What `If-Match` says of each row that is changed, whichever they are. Fails where it cannot be read.
    pub fn matching(&self) -> Result<Expected, Problem> {
        self.matching.clone()
    }

    /// What the preconditions say of the one row that is changed. Fails where they cannot be read.
    pub fn expected(&self) -> Result<Expected, Problem> {
        self.expected.clone()
    }
}

impl<B: Body + 'static, Q: Query + 'static> FromRequest for Call<B, Q> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move { check(&request, payload).await })
    }
}

async fn check<B: Body, Q: Query>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<Call<B, Q>, Problem> {
    let ids = ids(request.match_info().iter().map(|(_, text)| text))?;
    let mut query: Q = query::read(request.query_string())?;
    let settings = **of::<ApiSettings>(request)?;
    query.allow(&settings)?;
    let arrival = request
        .extensions()
        .get()
        .map_or_else(Instant::now, |Arrival(at)| *at);
    let kernel = of::<Kernel>(request)?.as_ref().clone();
    let mut kernel = kernel.for_request(arrival, time_limit(request.method()));
    if has_reserved_connections(request) {
        kernel = kernel.reserved();
    }
    let passage = passage(request)?;
    let cookie = cookie::of(request).filter(|_| !passage.signs_in);
    let slot = Slot::of(request)?;
    let actor = actor(request, &kernel, cookie.as_ref()).await;
    limit::count(request, actor.as_ref().ok()).await?;
    let actor = actor?;
    if let Some(user_id) = actor.user_id() {
        Span::current().record("user_id", user_id);
        slot.belongs_to(user_id);
    }
    passage.admit(&actor)?;
    query.permit(&actor)?;
    let user_id = actor.user_id();
    let reading = Instant::now();
    let input = B::read(request, payload, **of::<Limits>(request)?).await?;
    if let Some(user_id) = user_id {
        slot.turn(user_id).await?;
    }
    let heavy = if query.is_heavy() {
        Some(of::<HeavyReads>(request)?.enter().await?)
    } else {
        None
    };
    // The time until the body was there and it was the caller's turn has limits of its own.
    let kernel = kernel.for_request(arrival + reading.elapsed(), time_limit(request.method()));
    let session = Session::new(kernel, actor).from(origin(request));
    let links = Links::of(request, &of::<PublicUrl>(request)?.0);
    Ok(Call {
        links,
        relations: of(request)?,
        answer_limit: settings.answer_limit,
        once: once::once(request),
        matching: precondition::matching(request, settings.require_if_match),
        expected: precondition::expected(request, settings.require_if_match),
        session,
        query,
        input,
        ids,
        _heavy: heavy,
    })
}

/// Signing in, and learning who one is, work while everything else waits for a connection.
fn has_reserved_connections(request: &HttpRequest) -> bool {
    let pattern = request.match_pattern().unwrap_or_default();
    let route = pattern.strip_prefix("/api/v1/auth/").unwrap_or_default();
    ["login", "refresh", "cookie", "me"].contains(&route)
}

/// What only reads must be done sooner.
fn time_limit(method: &Method) -> Limit {
    if method.is_safe() {
        Limit::Read
    } else {
        Limit::Write
    }
}

fn origin(request: &HttpRequest) -> Origin {
    // It keeps what it read in the extensions: they must not be borrowed meanwhile.
    let device = device::read(request);
    let id = |RequestId(id): &RequestId| id.as_str().into();
    let agent = request.headers().get(USER_AGENT);
    let extensions = request.extensions();
    Origin {
        request_id: extensions.get().map(id),
        address: extensions.get().and_then(|Address(known)| *known),
        agent: agent.and_then(|agent| Some(agent.to_str().ok()?.to_owned())),
        device,
    }
}

/// Every parameter of our paths is an id: a positive 64-bit integer, written one way only.
pub fn ids<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<i64>, Problem> {
    let id = |text: &str| {
        let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let id = is_plain.then(|| text.parse().ok()).flatten();
        id.ok_or_else(|| Problem::malformed("an id in the path must be a positive 64-bit integer"))
    };
    texts.map(id).collect()
}

/// Credentials that are there must be good, even where none are needed. A header goes before a cookie, which browsers add themselves.
async fn actor(
    request: &HttpRequest,
    kernel: &Kernel,
    cookie: Option<&SecretString>,
) -> Result<Actor, Problem> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        let Some(cookie) = cookie else {
            return Ok(Actor::Anonymous);
        };
        let actor = auth::resolve_token(kernel, cookie).await;
        let actor = actor.map_err(|error| Problem::from(error).of_cookie())?;
        let origins = of::<Origins>(request)?;
        csrf::check(request, &origins, (kernel, cookie)).await?;
        return Ok(actor);
    };
    let token = header.to_str().ok().and_then(|value| value.split_once(' '));
    match (token, headers.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => {
            let token = SecretString::from(token.trim());
            Ok(auth::resolve(kernel, &token).await?)
        }
        _ => Err(Problem::unauthenticated()),
    }
}

fn passage(request: &HttpRequest) -> Result<Passage, Problem> {
    let (method, matched) = (request.method(), Matched::of(request));
    let rules = of::<Rules>(request)?;
    let passage = rules.get(method, matched.pattern());
    let unknown = || Error::bug(format!("{method} has no rule here: mount it as a Route"));
    Ok(passage.cloned().ok_or_else(unknown)?)
}

/// What the server was built with.
fn of<T: 'static>(request: &HttpRequest) -> Result<Data<T>, Problem> {
    let data = request.app_data::<Data<T>>().cloned();
    data.ok_or_else(|| Error::bug("the server was built without its data").into())
}
