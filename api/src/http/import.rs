//! `POST /{resource}/import`: rows from a body that is as long as it is.
use std::borrow::Cow;

use actix_web::{rt, web::Data};
use service::{
    Error,
    query::{Refused, one_of, take_each, unless},
};
use tokio::task::JoinHandle;

use super::{Answer, Call, Is, Kind, Places, Problem, Query, Reply, Resource, upload::Upload};
use crate::{
    openapi::{self, Operation},
    system::Draining,
    transfer::{self, Format, OnError, Reading, Report, Stop, Writing},
};

#[derive(Debug, Default)]
pub struct ImportQuery {
    /// What the type of the body says, where nothing is said.
    format: Option<Format>,
    on_error: OnError,
    dry_run: bool,
    skip: u64,
}

impl Query for ImportQuery {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| (name.as_ref(), value.as_ref()));
        let mut query = Self::default();
        let (_, refusals) = take_each(pairs, |name, value| {
            match name {
                "format" => query.format = Some(one_of(value, &Format::ALL)?),
                "on_error" => query.on_error = one_of(value, &OnError::ALL)?,
                "dry_run" => query.dry_run = one_of(value, &[("true", true), ("false", false)])?,
                "skip" => query.skip = number(value)?,
                _ => {
                    let detail = "is not one of format, on_error, dry_run, skip";
                    return Err(("unknown", detail.to_owned()));
                }
            }
            Ok(())
        });
        unless(refusals).map(|()| query)
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters(openapi::import());
    }
}

pub async fn import<R: Resource>(
    call: Call<Upload, ImportQuery>,
    places: Data<Places>,
    draining: Data<Draining>,
) -> Answer<Is<Report>> {
    let Call {
        session,
        query,
        input,
        ..
    } = call;
    let format = input.format;
    if query.format.is_some_and(|asked| asked != format) {
        let detail = "format names another type than the body has";
        return Err(Problem::unsupported(detail));
    }
    let _place = places.import()?;
    let reading = Reading {
        format,
        skip: query.skip,
        author: None,
    };
    let writing = Writing {
        on_error: query.on_error,
        is_dry: query.dry_run,
        draining: draining.as_ref().clone(),
    };
    let session = session.per_chunk();
    let (text, arrival) = input.open();
    let mut arrival = rt::spawn(arrival);
    let (report, end) = transfer::import::<R>(&session, text, reading, writing).await;
    let Err(stop) = end else {
        return Ok(Reply::ok(&report)?);
    };
    let problem = problem(stop, &report, &mut arrival).await;
    arrival.abort();
    Err(problem.with("committed_lines", report.committed_lines))
}

/// Why the import stopped. What was wrong with a body that broke off is known where it arrived.
async fn problem(
    stop: Stop,
    report: &Report,
    arrival: &mut JoinHandle<Result<(), Problem>>,
) -> Problem {
    match stop {
        Stop::Refused => {
            let refused = "the chunk with the first error was not written, nor anything after it";
            Problem::new(Kind::ValidationFailed, refused).with("errors", &report.errors)
        }
        Stop::Broken(error) => match arrival.await {
            Ok(Err(problem)) => problem,
            _ => Error::internal(error).into(),
        },
        Stop::Draining => Problem::unavailable("this server"),
        Stop::Failed(error) => error.into(),
    }
}

fn number(text: &str) -> Result<u64, Refused> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| ("out_of_range", "must be a number from 0".to_owned()))
}
