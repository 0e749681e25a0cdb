//! `/healthz` and `/readyz`, for whoever decides whether this process gets requests, and `/problems`.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use actix_web::{
    HttpRequest,
    http::{Method, StatusCode},
    web,
};
use service::{Atoll, Limit};
use tokio::time::Instant;

use crate::http::{Answer, JsonSchema, Kind, Ok, Problem, Reply, Route, Serialize};

/// Whether the process is on its way down.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    pub fn start(&self) {
        self.0.store(true, Relaxed);
    }

    pub fn is_on(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Outside the API: no credentials, no permissions.
pub fn routes() -> Vec<Route> {
    vec![
        Route::new("healthz", Method::GET, "/healthz", |_| true, healthz),
        Route::new("readyz", Method::GET, "/readyz", |_| true, readyz),
        Route::new(
            "problem",
            Method::GET,
            "/problems/{slug}",
            |_| true,
            problem,
        )
        .fails_with(Kind::NotFound),
    ]
}

/// Under the feature `fault` not what the document says: `.ci/fuzz` must notice.
const HEALTHY: StatusCode = match cfg!(feature = "fault") {
    true => StatusCode::ACCEPTED,
    false => StatusCode::OK,
};

#[derive(JsonSchema, Serialize)]
struct Explanation {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    meaning: &'static str,
}

/// What the `type` of a problem leads to.
async fn problem(request: HttpRequest) -> Answer<Ok<Explanation>> {
    let slug = request.match_info().get("slug").unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.slug() == slug);
    let kind = kind.ok_or_else(Problem::not_found)?;
    let (status, code, title) = kind.parts();
    Ok(Reply::ok(&Explanation {
        r#type: format!("/problems/{slug}"),
        title,
        status: status.as_u16(),
        code,
        meaning: kind.meaning(),
    })?)
}

#[derive(JsonSchema, Serialize)]
struct Health {
    status: &'static str,
}

/// The process answers.
async fn healthz() -> Answer<Ok<Health>> {
    Ok(Reply::json(HEALTHY, &Health { status: "ok" })?)
}

#[derive(JsonSchema, Serialize)]
struct Readiness {
    status: &'static str,
    checks: Checks,
}

#[derive(JsonSchema, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a check of its own")]
struct Checks {
    database: bool,
    migrations: bool,
    /// Whether the last write succeeded, or a later probe.
    writable: bool,
    /// Whether no damage of the file was found.
    intact: bool,
    accepting: bool,
}

/// Requests are welcome: the database answers and can be written, its schema is ours, and nobody has asked us to stop.
async fn readyz(atoll: web::Data<Atoll>, draining: web::Data<Draining>) -> Answer<Ok<Readiness>> {
    let atoll = atoll.as_ref().clone().reserved();
    let atoll = atoll.for_request(Instant::now(), Limit::Read);
    let database = atoll.database.ping().await.is_ok();
    let migrations = database
        && atoll
            .database
            .pending()
            .await
            .is_ok_and(|pending| pending.is_empty());
    let writable = database && atoll.database.check_writes().await.is_ok();
    let intact = !atoll.database.is_damaged();
    let accepting = !draining.is_on();
    let checks = Checks {
        database,
        migrations,
        writable,
        intact,
        accepting,
    };
    match database && migrations && writable && intact && accepting {
        true => Ok(Reply::ok(&Readiness {
            status: "ready",
            checks,
        })?),
        false => Err(Problem::not_ready(&checks)),
    }
}
