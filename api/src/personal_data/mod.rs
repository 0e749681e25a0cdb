//! The caller's personal data: `GET /auth/me/export` and `DELETE /auth/me`.
mod archive;
mod ndjson;
mod parts;
mod views;

use actix_web::web::Data;
use kernel::{
    Actor, CrudOperations, Reads, Registry,
    query::{Parameter, Parameters},
    resource::Readable,
};
use service::{Users, personal_data};
use web::{
    Download, Problem, Query,
    load::Concurrency,
    openapi::{Documented, Operation, header},
    prelude::*,
};

use crate::auth::has_session;

pub fn routes() -> Vec<Route> {
    let deletes = |actor: &Actor| has_session(actor) && Users::could(actor, Action::Delete);
    let deletes = Rule::when(deletes).on_rows(|session, _| {
        let me = session.actor().user_id().unwrap_or_default();
        Box::pin(Users::dry_run(session, Access::Live(Action::Delete), me))
    });
    let (signed_in, deletes) = (Rule::when(has_session), deletes.checked_by_operation());
    vec![
        Route::new(
            "export_account",
            Method::GET,
            "/auth/me/export",
            signed_in,
            export,
        )
        .summary("Export your account")
        .about(
            "Returns everything that is stored about the caller, as a zip archive of NDJSON files.",
        ),
        Route::new("delete_account", Method::DELETE, "/auth/me", deletes, leave)
            .summary("Delete your account")
            .about("Deletes the caller as `DELETE /users/{id}` does. It needs a recent sign-in.")
            .reserved()
            .fails_with(Kind::Forbidden)
            .fails_with(Kind::Conflict),
    ]
}

/// 200 with everything that is stored about the caller.
struct PersonalData;

/// API keys cannot export or delete the account.
async fn export(
    call: Call,
    concurrency: Data<Concurrency>,
) -> Result<Download<PersonalData>, Problem> {
    let file = ("atoll-export.zip".to_owned(), "application/zip");
    let archive = archive::Archive::new(parts::all(&call.session)?);
    Download::start(file, Box::new(archive), call.session, &concurrency).await
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
            "Whether to keep live posts and comments and reassign them to the user `[deleted]`.",
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

impl Documented for PersonalData {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(200, "A zip archive of NDJSON files.");
        headers["Content-Disposition"] = header("Content-Disposition");
        operation.file(200, "application/zip");
    }
}
