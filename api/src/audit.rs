//! `/audit`: the audit log as a list.
use kernel::{Audit, audit};
use web::{AuditView, prelude::*};

pub fn routes() -> Vec<Route> {
    let reads = Rule::action::<AuditView>(Action::Read);
    vec![
        Route::new("list", Method::GET, "/audit", reads, list)
            .summary("List the audit log")
            .about("Returns one page of the entries of all resources.")
            .about_tag("The audit log: who changed what, and when."),
    ]
}

async fn list(call: Call<NoBody, ListParams<Audit>>) -> Answer<Page<AuditView>> {
    let query = &call.query.0;
    let page = audit::list(&call.session, query).await?;
    call.page(page, query).await
}
