//! The caller's personal data: `GET /auth/me/export` and `DELETE /auth/me`.
mod archive;
mod ndjson;
mod parts;
mod views;

use std::sync::Arc;

use actix_web::{http::Method, web::Data};
use service::{
    Actor, Reads, Registry, Users,
    crud::{Access, Crud},
    permission::Action,
    personal_data,
    query::{Parameter, Parameters},
};

use crate::{
    http::{
        Answer, BASE, Call, Concurrency, Download, NoBody, NoContent, Problem, Query, Reply, Route,
        RowRule,
    },
    openapi::{Documented, Operation, header},
};

pub fn routes() -> Vec<Route> {
    let me = format!("{BASE}/auth/me");
    let deletes: RowRule = Arc::new(|session, _| {
        let me = session.actor().user_id().unwrap_or_default();
        Box::pin(Users::may(session, Access::Live(Action::Delete), me))
    });
    vec![
        Route::new(
            "export",
            Method::GET,
            &format!("{me}/export"),
            has_session,
            export,
        ),
        Route::new(
            "leave",
            Method::DELETE,
            &me,
            |actor| has_session(actor) && Users::ruled(actor, Action::Delete),
            leave,
        )
        .changes_row()
        .row_rule(deletes),
    ]
}

/// API keys cannot export or delete the account, so the caller needs a sign-in session.
fn has_session(actor: &Actor) -> bool {
    let caller = actor.caller();
    caller.is_some_and(|caller| caller.credential.session().is_some())
}

/// Exports everything that is stored about the caller.
async fn export(call: Call, places: Data<Concurrency>) -> Result<Download, Problem> {
    let file = ("atoll-export.zip".to_owned(), "application/zip");
    let archive = archive::Archive::of(parts::all(&call.session)?);
    Download::start(file, Box::new(archive), call.session, &places).await
}

/// The query of `DELETE /auth/me`.
#[derive(Default)]
pub struct LeaveQuery {
    /// Whether live posts and comments are reassigned instead of deleted.
    keeps_content: bool,
}

impl Query for LeaveQuery {
    fn parameters(_: &Registry) -> Parameters<Self> {
        Parameters::new([Parameter::boolean(
            "keep_content",
            "Keep live posts and comments, reassigned to the user `[deleted]`.",
            |query: &mut Self, keeps| query.keeps_content = keeps,
        )
        .default(false)])
    }
}

/// Deletes the caller like `DELETE /users/{id}`, but needs a recent sign-in.
async fn leave(call: Call<NoBody, LeaveQuery>) -> Answer<NoContent> {
    let call = call.long();
    personal_data::delete_account(&call.session, call.query.keeps_content).await?;
    Ok(Reply::no_content())
}

impl Documented for Result<Download, Problem> {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(200, "A zip archive of NDJSON files.");
        headers["Content-Disposition"] = header("Content-Disposition");
        operation.binary(200, "application/zip");
    }
}
