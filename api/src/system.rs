//! `/healthz` and `/readyz`, the probes for orchestrators and load balancers, and `/problems`.
use actix_web::{HttpRequest, http::StatusCode, web::Data};
use kernel::{Kernel, Limit, mode::ServerMode};
use service::MIGRATOR;
use tokio::time::Instant;

use web::{Draining, Problem, prelude::*};

use crate::mode::mode_of;

/// These routes are outside the API and need neither credentials nor permissions.
pub fn routes() -> Vec<Route> {
    vec![
        Route::outside_api("healthz", "/healthz", healthz)
            .summary("Check liveness")
            .about("Answers 200 as long as the process runs.")
            .about_tag("Probes for orchestrators and load balancers, and explanations of problems.")
            .as_probe(),
        Route::outside_api("readyz", "/readyz", readyz)
            .summary("Check readiness")
            .about(
                "Answers 200 if the server can answer reads, and 503 with the failed checks if not. `mode` says whether it accepts writes \
                 too.",
            )
            .as_probe(),
        Route::outside_api("readyz_for_writes", "/readyz/writes", readyz_for_writes)
            .summary("Check readiness for writes")
            .about(
                "Answers 200 if the server can do all of its work, and 503 if it cannot or is in read-only mode. A load balancer that \
                 sends writes to some servers only asks here.",
            )
            .as_probe(),
        Route::outside_api("problem", "/problems/{slug}", problem)
            .summary("Explain a problem")
            .about("Explains the `type` of a problem: when it happens, and what to do."),
    ]
}

/// With the feature `fault` this differs from the OpenAPI document, and `.ci/fuzz` must notice.
const HEALTHY: StatusCode = if cfg!(feature = "fault") {
    StatusCode::ACCEPTED
} else {
    StatusCode::OK
};

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ProblemExplanation")]
struct Explanation {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    meaning: &'static str,
}

/// Explains the `type` of a problem.
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

/// Liveness: the process answers.
async fn healthz() -> Answer<Ok<Health>> {
    Ok(Reply::json(HEALTHY, &Health { status: "ok" })?)
}

#[derive(JsonSchema, Serialize)]
struct Readiness {
    status: &'static str,
    /// A server in read-only mode is ready: it answers reads.
    mode: ServerMode,
    checks: Checks,
}

#[derive(JsonSchema, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a check of its own")]
struct Checks {
    database: bool,
    migrations: bool,
    /// Whether the last write or a later probe succeeded, and the database accepts writes. A server whose database accepts none
    /// for now, as after a failover, is ready in read-only mode.
    writable: bool,
    /// Whether the database file has no known damage.
    intact: bool,
    accepting: bool,
}

/// Readiness: the database answers, its files can be used, its schema is up to date, and the process is not shutting down.
async fn readyz(shared: Data<Kernel>, draining: Data<Draining>) -> Answer<Ok<Readiness>> {
    ready(&shared, &draining, ServerMode::ReadOnly).await
}

/// Readiness for writes: the same, in read-write mode.
async fn readyz_for_writes(
    shared: Data<Kernel>,
    draining: Data<Draining>,
) -> Answer<Ok<Readiness>> {
    ready(&shared, &draining, ServerMode::ReadWrite).await
}

/// Checks a server that must do what it does in the mode `needed`.
async fn ready(kernel: &Kernel, draining: &Draining, needed: ServerMode) -> Answer<Ok<Readiness>> {
    let kernel = kernel.clone().reserved();
    let kernel = kernel.for_request(Instant::now(), Limit::Read);
    let database = kernel.database.ping().await.is_ok();
    let migrations = database
        && kernel
            .database
            .migrations(MIGRATOR)
            .pending()
            .await
            .is_ok_and(|pending| pending.is_empty());
    let storage = database && kernel.database.check_writes().await.is_ok();
    let writable = storage && !kernel.database.refuses_writes();
    let mode = mode_of(&kernel.database.read_only_reasons());
    let intact = !kernel.database.is_damaged();
    let accepting = !draining.is_on();
    let checks = Checks {
        database,
        migrations,
        writable,
        intact,
        accepting,
    };
    let is_ready = database && migrations && storage && intact && accepting;
    if !is_ready {
        return Err(Problem::not_ready(&checks));
    }
    if needed == ServerMode::ReadWrite {
        kernel.database.check_mode()?;
    }
    Ok(Reply::ok(&Readiness {
        status: "ready",
        mode,
        checks,
    })?)
}
