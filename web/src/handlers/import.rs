//! `POST /{resource}/import`: rows from a file of any length, read while it arrives.
use std::marker::PhantomData;

use actix_web::{rt, web::Data};
use kernel::{
    Error, Registry,
    query::{Refused, one_of, take_each, unless},
};
use tokio::task::JoinHandle;

use crate::{
    call::{Call, Query, Upload},
    draining::Draining,
    load::Concurrency,
    openapi::{self, Operation},
    problem::{Kind, Problem},
    reply::{Answer, Ok, Reply},
    resource::Writable,
    transfer::{self, Format, OnError, Reading, Report, Stop, Writing, companions},
};

pub struct ImportQuery<V> {
    /// Taken from the media type of the body if not given.
    format: Option<Format>,
    on_error: OnError,
    dry_run: bool,
    skip: u64,
    map: Vec<String>,
    resource: PhantomData<V>,
}

impl<V: Writable> Query for ImportQuery<V> {
    fn parse(pairs: &[(&str, &str)], _: &Registry) -> Result<Self, Error> {
        let mut query = Self {
            format: None,
            on_error: OnError::default(),
            dry_run: false,
            skip: 0,
            map: Vec::new(),
            resource: PhantomData,
        };
        let known = companions::<V::Service>();
        let (_, refusals) = take_each(pairs.iter().copied(), |name, value| {
            match name {
                "format" => query.format = Some(one_of(value, &Format::ALL)?),
                "on_error" => query.on_error = one_of(value, &OnError::ALL)?,
                "dry_run" => query.dry_run = one_of(value, &[("true", true), ("false", false)])?,
                "skip" => query.skip = number(value)?,
                "map" if !known.is_empty() => query.map = references(value, &known)?,
                _ => {
                    let map = if known.is_empty() { "" } else { ", map" };
                    let detail =
                        format!("unknown parameter; use format, on_error, dry_run, skip{map}");
                    return Err(("unknown", detail));
                }
            }
            Ok(())
        });
        unless(refusals).map(|()| query)
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters(openapi::import::<V::Service>());
    }
}

pub async fn import<V: Writable>(
    call: Call<Upload, ImportQuery<V>>,
    concurrency: Data<Concurrency>,
    draining: Data<Draining>,
) -> Answer<Ok<Report>> {
    let Call {
        session,
        query,
        input,
        ..
    } = call;
    let format = input.format;
    if query.format.is_some_and(|requested| requested != format) {
        let detail = "format does not match the Content-Type of the body";
        return Err(Problem::unsupported(detail));
    }
    let session = session.uncounted();
    let _permit = concurrency.acquire_import(&session)?;
    let reading = Reading {
        format,
        skip: query.skip,
        author: None,
        map: query.map,
    };
    let writing = Writing {
        on_error: query.on_error,
        is_dry: query.dry_run,
        draining: draining.as_ref().clone(),
    };
    let session = session.per_chunk();
    let (text, arrival) = input.open();
    let mut arrival = rt::spawn(arrival);
    let (report, end) = transfer::import::<V>(&session, text, reading, writing).await;
    let Err(stop) = end else {
        return Ok(Reply::ok(&report)?);
    };
    let problem = problem(stop, &report, &mut arrival).await;
    arrival.abort();
    Err(problem.with("committed_lines", report.committed_lines))
}

/// Returns the reason why an import stopped. If its body was incomplete, the task that received it knows why.
async fn problem(
    stop: Stop,
    report: &Report,
    arrival: &mut JoinHandle<Result<(), Problem>>,
) -> Problem {
    match stop {
        Stop::Refused => {
            let refused = "stopped at the first invalid chunk: that chunk and everything after it was not written";
            Problem::new(Kind::ValidationFailed, refused).with("errors", &report.errors)
        }
        Stop::Broken(error) => match arrival.await {
            Ok(Err(problem)) => problem,
            _ => Error::internal(error).into(),
        },
        Stop::Draining => Problem::overloaded("this server is shutting down"),
        Stop::Failed(error) => error.into(),
    }
}

/// Parses the comma-separated references that are looked up by name.
fn references(text: &str, known: &[String]) -> Result<Vec<String>, Refused> {
    let names: Vec<_> = text.split(',').map(str::to_owned).collect();
    if names.iter().all(|name| known.contains(name)) {
        Ok(names)
    } else {
        let detail = format!("unknown reference; use any of {}", known.join(", "));
        Err(("not_allowed", detail))
    }
}

fn number(text: &str) -> Result<u64, Refused> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| text.parse::<i64>().ok()).flatten();
    let number = number.and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| {
        let detail = format!("must be a number from 0 to {}", i64::MAX);
        ("out_of_range", detail)
    })
}
