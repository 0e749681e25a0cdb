//! `/healthz` and `/readyz`, for whoever decides whether this process gets requests.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use actix_web::{HttpResponse, Responder, http::StatusCode, web};
use serde_json::json;
use service::Atoll;

use crate::http::Reply;

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

/// The process answers.
pub async fn healthz() -> impl Responder {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Requests are welcome: the database answers, its schema is ours, and nobody has asked us to stop.
pub async fn readyz(atoll: web::Data<Atoll>, draining: web::Data<Draining>) -> impl Responder {
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
