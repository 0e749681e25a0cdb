//! `/audit`: the audit log as a list.
use actix_web::http::Method;
use serde_json::{Map, Value};
use service::{
    Audit,
    audit::{self, AuditRow},
};

use crate::http::{
    Answer, BASE, Call, JsonSchema, ListParams, Listed, NoBody, Page, Route, Serialize,
};

#[derive(Debug, JsonSchema, Serialize)]
pub struct AuditView {
    /// The version of the row after the change.
    version: i64,
    /// The position in the order of all changes; null until the entry is sealed.
    seq: Option<i64>,
    /// The user who made the change; null for the service itself.
    actor_id: Option<i64>,
    request_id: Option<String>,
    resource: String,
    resource_id: i64,
    /// `created`, `updated`, `deleted`, `restored`, `purged`, `reverted`, `password_changed`, `password_reset`, `email_verified`, `signed_in`, `signed_out`
    action: String,
    /// `from` and `to` of each changed field; null if the values were erased.
    changes: Option<Map<String, Value>>,
}

impl From<AuditRow> for AuditView {
    fn from(AuditRow { entry, changes }: AuditRow) -> Self {
        Self {
            version: entry.version,
            seq: entry.seq,
            actor_id: entry.actor_id,
            request_id: entry.request_id,
            resource: entry.resource,
            resource_id: entry.resource_id,
            action: entry.action,
            changes,
        }
    }
}

impl Listed for Audit {
    type View = AuditView;
}

pub fn routes() -> Vec<Route> {
    vec![Route::new(
        "list",
        Method::GET,
        &format!("{BASE}/audit"),
        audit::may_list,
        list,
    )]
}

async fn list(call: Call<NoBody, ListParams<Audit>>) -> Answer<Page<Audit>> {
    let query = &call.query.0;
    let page = audit::list(&call.session, query).await?;
    call.page(page, query).await
}
