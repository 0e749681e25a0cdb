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
use serde_json::json;
use service::Atoll;

use crate::http::{Answer, Kind, Problem, Reply, Route};

/// Whether the process is on its way down.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    pub fn start(&self) {
        self.0.store(true, Relaxed);
    }

    fn is_on(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Outside the API: no credentials, no permissions.
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/healthz", |_| true, healthz),
        Route::new(Method::GET, "/readyz", |_| true, readyz),
        Route::new(Method::GET, "/problems/{slug}", |_| true, problem),
    ]
}

/// What the `type` of a problem leads to.
async fn problem(request: HttpRequest) -> Answer {
    let slug = request.match_info().get("slug").unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.slug() == slug);
    let kind = kind.ok_or_else(Problem::not_found)?;
    let (status, code, title) = kind.parts();
    Reply::ok(&json!({
        "type": request.path(),
        "title": title,
        "status": status.as_u16(),
        "code": code,
        "meaning": kind.meaning(),
    }))
}

/// The process answers.
async fn healthz() -> Answer {
    Reply::ok(&json!({ "status": "ok" }))
}

/// Requests are welcome: the database answers, its schema is ours, and nobody has asked us to stop.
async fn readyz(atoll: web::Data<Atoll>, draining: web::Data<Draining>) -> Answer {
    let database = atoll.database.ping().await.is_ok();
    let migrations = database
        && atoll
            .database
            .pending()
            .await
            .is_ok_and(|pending| pending.is_empty());
    let ready = database && migrations && !draining.is_on();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let checks =
        json!({ "database": database, "migrations": migrations, "accepting": !draining.is_on() });
    Reply::json(
        status,
        &json!({ "status": if ready { "ready" } else { "not ready" }, "checks": checks }),
    )
}
