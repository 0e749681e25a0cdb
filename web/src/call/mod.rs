//! The one extractor of handlers. It makes the contract's checks in the contract's order (§1), so that the first failing
//! check decides the answer.
mod body;
mod csrf;
mod idempotency;
pub mod limit;
mod link;
pub mod position;
mod precondition;
mod query;
mod upload;

pub use body::{AnswerPatch, Body, Limits, NoBody, OptionalBody, bytes, read_json};
pub use csrf::{Origins, check_origin};
pub use link::Links;
pub use query::{Declared, ListParams, NoQuery, Query, RowParams};
pub use upload::Upload;

use std::pin::Pin;

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{
        Method,
        header::{AUTHORIZATION, IF_MATCH, USER_AGENT},
    },
    web::Data,
};
use kernel::{
    Actor, Error, Kernel, Limit, Origin, Session,
    crud::{Expected, Target},
    idempotency::IdempotencyKey,
    json::MAX_SAFE,
};
use secrecy::SecretString;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tracing::Span;

use crate::{
    access::{AccessPolicies, AccessPolicy},
    application::Application,
    load::{HeavyReads, Slot},
    problem::Problem,
    request::{Address, Arrival, MatchedRoute, RequestId},
    resource::Relations,
    settings::ApiSettings,
};

/// `server.public_url`; empty if it is not set.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub String);

/// A request that passed every check that does not need the row.
pub struct Call<B = NoBody, Q = NoQuery> {
    pub session: Session,
    pub query: Q,
    pub input: B,
    pub links: Links,
    pub relations: Data<Relations>,
    /// The largest answer, in bytes.
    pub answer_limit: u64,
    matching: Result<Expected, Problem>,
    expected: Result<Expected, Problem>,
    idempotency_key: Result<Option<IdempotencyKey>, Problem>,
    ids: Vec<i64>,
    /// The path and query of a read whose answer may come from the cache.
    pub(crate) cached_as: Option<Box<str>>,
    /// The permit of a heavy read, held until it is answered.
    _heavy: Option<OwnedSemaphorePermit>,
}

impl<B, Q> Call<B, Q> {
    /// Returns the first id in the path. Without one it returns 0, which no row has.
    pub fn id(&self) -> i64 {
        self.ids.first().copied().unwrap_or_default()
    }

    /// Returns the second id in the path, or 0.
    pub fn second_id(&self) -> i64 {
        self.ids.get(1).copied().unwrap_or_default()
    }

    /// Returns the idempotency key with the fingerprint of the request. Fails if the header is malformed.
    pub fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, Problem> {
        self.idempotency_key.clone()
    }

    /// Returns the row that the path names, with the preconditions. Fails if a header is malformed.
    pub fn target(&self) -> Result<Target, Problem> {
        Ok(Target {
            id: self.id(),
            expected: self.expected()?,
        })
    }

    /// Returns the versions that `If-Match` allows for every changed row. Fails if the header is malformed.
    pub fn matching(&self) -> Result<Expected, Problem> {
        self.matching.clone()
    }

    /// Returns the versions that `If-Match` and `If-None-Match` allow for the one changed row. Fails if a header is malformed.
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
    let ids = parse_ids(request.match_info().iter())?;
    let kernel = app_data::<Kernel>(request)?.as_ref().clone();
    let declared = app_data::<Declared>(request)?;
    let mut query: Q = query::read(request.query_string(), &declared, kernel.registry())?;
    let settings = **app_data::<ApiSettings>(request)?;
    query.apply_settings(&settings)?;
    let arrival = request
        .extensions()
        .get()
        .map_or_else(Instant::now, |Arrival(at)| *at);
    let mut kernel = kernel.for_request(arrival, time_limit(request.method()));
    let positions = kernel.database.note_positions().await?;
    if let Some(positions) = &positions {
        position::note(request, positions.clone());
    }
    let policy = access_policy(request)?;
    if policy.is_reserved {
        kernel = kernel.reserved();
    }
    let application = app_data::<dyn Application>(request)?;
    let slot = Slot::from_request(request)?;
    let actor = actor(request, (&**application, &kernel), &policy).await;
    limit::count(request, actor.as_ref().ok()).await?;
    let actor = actor?;
    if let Some(user_id) = actor.user_id() {
        Span::current().record("user_id", user_id);
        slot.set_user(user_id);
    }
    policy.check_could(&**application, &actor)?;
    query.permit(&actor)?;
    if policy.is_write {
        // The kernel refuses every transaction too. Here a body is not read in vain.
        kernel.database.check_mode()?;
    }
    let user_id = actor.user_id();
    let waiting_since = Instant::now();
    let input = B::read(request, payload, **app_data::<Limits>(request)?).await?;
    if let Some(user_id) = user_id {
        slot.wait_for_turn(user_id).await?;
    }
    let heavy = if query.is_heavy() {
        Some(app_data::<HeavyReads>(request)?.acquire().await?)
    } else {
        None
    };
    // Waiting for the body and for the caller's turn has time limits of its own, so it does not count here.
    let started = arrival + waiting_since.elapsed();
    let mut kernel = kernel.for_request(started, time_limit(request.method()));
    kernel.database = kernel.database.for_user(user_id);
    let mut session = Session::new(kernel, actor).with_origin(origin(request));
    if let Some(rows) = policy.rule.rows_before_handler() {
        rows(&session, &ids).await?;
    }
    // Everything above was read on the primary.
    if let Some(positions) = positions.filter(|_| policy.may_lag && is_plain_read(request)) {
        session = session.near(position::needed(request, &positions));
    }
    let links = Links::new(request, &app_data::<PublicUrl>(request)?.0);
    Ok(Call {
        links,
        relations: app_data(request)?,
        answer_limit: settings.answer_limit,
        idempotency_key: idempotency::read(request),
        matching: precondition::matching(request, settings.require_if_match),
        expected: precondition::expected(request, settings.require_if_match),
        session,
        query,
        input,
        ids,
        cached_as: cached_as(request),
        _heavy: heavy,
    })
}

/// Returns the path and query of a read, unless it has a precondition that the version of the row decides.
fn cached_as(request: &HttpRequest) -> Option<Box<str>> {
    let target = request.uri().path_and_query();
    let target = target.filter(|_| is_plain_read(request));
    target.map(|target| target.as_str().into())
}

/// Returns true if the request is a read without a precondition that the version of the row decides.
fn is_plain_read(request: &HttpRequest) -> bool {
    request.method().is_safe() && !request.headers().contains_key(IF_MATCH)
}

/// Reads have a shorter time limit than writes.
fn time_limit(method: &Method) -> Limit {
    if method.is_safe() {
        Limit::Read
    } else {
        Limit::Write
    }
}

fn origin(request: &HttpRequest) -> Origin {
    let id = |RequestId(id): &RequestId| id.as_str().into();
    let agent = request.headers().get(USER_AGENT);
    let extensions = request.extensions();
    Origin {
        request_id: extensions.get().map(id),
        address: extensions.get().and_then(|Address(known)| *known),
        agent: agent.and_then(|agent| Some(agent.to_str().ok()?.to_owned())),
        ..Origin::default()
    }
}

/// Parses the path parameters that are ids, as their names say: integers from 1 to 2^53 - 1 without leading zeros.
pub fn parse_ids<'a>(
    parameters: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<i64>, Problem> {
    let id = |text: &str| {
        let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let id = is_plain.then(|| text.parse().ok()).flatten();
        let id = id.filter(|id| (1..=MAX_SAFE).contains(id));
        id.ok_or_else(|| {
            let detail = format!("an id in the path must be an integer from 1 to {MAX_SAFE}");
            Problem::malformed(detail)
        })
    };
    let ids = parameters.filter(|(name, _)| *name == "id" || name.ends_with("_id"));
    ids.map(|(_, text)| id(text)).collect()
}

/// Fails on invalid credentials, even on public routes. The `Authorization` header wins over the cookie, which browsers add themselves.
async fn actor(
    request: &HttpRequest,
    (application, kernel): (&dyn Application, &Kernel),
    policy: &AccessPolicy,
) -> Result<Actor, Problem> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        let cookie = application.session_cookie().filter(|_| !policy.is_sign_in);
        let sent = cookie.and_then(|cookie| Some((cookie, cookie.read(request)?)));
        let Some((cookie, value)) = sent else {
            return Ok(application.without_credentials());
        };
        let actor = application.resolve_cookie(kernel, &value).await;
        let actor = actor.map_err(|error| Problem::from(error).removing(cookie))?;
        let origins = app_data::<Origins>(request)?;
        if let Some(token) = csrf::token_of_change(request, &origins)? {
            application.check_csrf_token(kernel, &value, token).await?;
        }
        return Ok(actor);
    };
    let token = header.to_str().ok().and_then(|value| value.split_once(' '));
    match (token, headers.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => {
            let token = SecretString::from(token.trim());
            Ok(application.resolve_token(kernel, &token).await?)
        }
        _ => Err(Problem::unauthenticated()),
    }
}

fn access_policy(request: &HttpRequest) -> Result<AccessPolicy, Problem> {
    let (method, matched) = (request.method(), MatchedRoute::from_request(request));
    let policies = app_data::<AccessPolicies>(request)?;
    let policy = policies.get(method, matched.pattern());
    let missing = || {
        let pattern = matched.pattern();
        Error::bug(format!(
            "{method} {pattern} has no access policy: mount it as a Route"
        ))
    };
    Ok(policy.cloned().ok_or_else(missing)?)
}

/// Application data that the server was built with.
pub fn app_data<T: ?Sized + 'static>(request: &HttpRequest) -> Result<Data<T>, Problem> {
    let data = request.app_data::<Data<T>>().cloned();
    data.ok_or_else(|| Error::bug("application data is missing: it is added in Http::app").into())
}
