//! One's own data: all of it in one file, and the way out.
mod archive;
mod listed;
mod parts;
mod views;

use std::{borrow::Cow, sync::Arc};

use actix_web::{http::Method, web::Data};
use serde_json::json;
use service::{
    Actor, Error, Reads, Users,
    crud::{Access, Crud},
    own,
    permission::Action,
    query::{one_of, take_each},
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
            signed_in,
            export,
        ),
        Route::new(
            "leave",
            Method::DELETE,
            &me,
            |actor| signed_in(actor) && Users::ruled(actor, Action::Delete),
            leave,
        )
        .changes_row()
        .row_rule(deletes),
    ]
}

/// An API key does nothing to the account of its owner.
fn signed_in(actor: &Actor) -> bool {
    let caller = actor.caller();
    caller.is_some_and(|caller| caller.credential.session().is_some())
}

/// Everything about the caller.
async fn export(call: Call, places: Data<Concurrency>) -> Result<Download, Problem> {
    let file = ("atoll-export.zip".to_owned(), "application/zip");
    let archive = archive::Archive::of(parts::all(&call.session)?);
    Download::start(file, Box::new(archive), call.session, &places).await
}

/// Whether what the caller wrote is to stay.
pub struct Leaving {
    keeps_content: bool,
}

impl Query for Leaving {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        let mut keeps_content = false;
        let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
        let (_, refusals) = take_each(pairs, |name, value| match name {
            "keep_content" => {
                keeps_content = one_of(value, &[("true", true), ("false", false)])?;
                Ok(())
            }
            _ => Err(("unknown", "this takes only keep_content".to_owned())),
        });
        match refusals.is_empty() {
            true => Ok(Self { keeps_content }),
            false => Err(Error::Query(refusals)),
        }
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters([json!({
            "name": "keep_content",
            "in": "query",
            "description": "Whether live posts and comments stay, in the name of a user of the service.",
            "schema": { "type": "boolean", "default": false },
        })]);
    }
}

/// As `DELETE /users/{id}` of oneself, for somebody who signed in a moment ago.
async fn leave(call: Call<NoBody, Leaving>) -> Answer<NoContent> {
    let call = call.long();
    own::leave(&call.session, call.query.keeps_content).await?;
    Ok(Reply::no_content())
}

impl Documented for Result<Download, Problem> {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(
            200,
            "A zip archive of files with a JSON object on each line.",
        );
        headers["Content-Disposition"] = header("Content-Disposition");
        operation.binary(200, "application/zip");
    }
}
