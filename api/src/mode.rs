//! `/system/mode`: whether the servers accept writes.
use kernel::{
    Database,
    error::ReadOnly,
    mode::{self, ModeChange, ServerMode},
};
use web::prelude::*;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            "show_mode",
            Method::GET,
            "/system/mode",
            Rule::permission("system.read"),
            show,
        )
        .summary("Show the mode of the server")
        .about(
            "Returns whether the server that answers accepts writes, and if not, for which reasons.",
        ),
        Route::new(
            "switch_mode",
            Method::PUT,
            "/system/mode",
            Rule::permission("system.write"),
            switch,
        )
        .summary("Switch the mode of all servers")
        .about(
            "Makes all servers read-only, or ends that. They learn of it within a second, and after a restart. The answer is the \
             mode of the server that answers: it stays read-only while another reason holds. While the database refuses \
             writes, it cannot store the mode, and the answer is 503 `read_only`.",
        )
        .without_idempotency_key()
        .in_every_mode()
        .fails_with(Kind::ReadOnly),
    ]
}

/// The mode of the server that answers.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Mode")]
pub struct ModeView {
    mode: ServerMode,
    /// Why writes are refused; empty if they are accepted.
    reasons: Vec<ReasonView>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ModeReason")]
struct ReasonView {
    /// `configured` by `server.mode`, `signalled` to this process, `switched` for all servers, or `database` if it refuses writes.
    code: &'static str,
    detail: String,
    /// What ends it.
    advice: &'static str,
}

impl ModeView {
    pub fn of(database: &Database) -> Self {
        let reasons = database.read_only_reasons();
        let reason = |reason: &ReadOnly| ReasonView {
            code: reason.name(),
            detail: reason.to_string(),
            advice: reason.advice(),
        };
        Self {
            mode: mode_of(&reasons),
            reasons: reasons.iter().map(reason).collect(),
        }
    }
}

/// Returns the mode of a server that refuses writes for these reasons.
pub fn mode_of(reasons: &[ReadOnly]) -> ServerMode {
    if reasons.is_empty() {
        ServerMode::ReadWrite
    } else {
        ServerMode::ReadOnly
    }
}

async fn show(call: Call) -> Answer<Ok<ModeView>> {
    Ok(Reply::ok(&ModeView::of(&call.session.kernel.database))?)
}

async fn switch(call: Call<ModeChange>) -> Answer<Ok<ModeView>> {
    let mode = call.input.mode;
    mode::switch(&call.session, mode).await?;
    tracing::warn!(?mode, "the mode of all servers was switched");
    Ok(Reply::ok(&ModeView::of(&call.session.kernel.database))?)
}
