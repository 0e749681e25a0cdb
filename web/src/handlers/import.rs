//! `POST /{resource}/import`: rows from a file of any length, read while it arrives.
use std::marker::PhantomData;

use actix_web::{rt, web::Data};
use kernel::{
    Error, Registry,
    query::{Parameter, Parameters},
};
use tokio::task::JoinHandle;

use crate::{
    call::{Call, Query, Upload},
    draining::Draining,
    load::Concurrency,
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

impl<R> Default for ImportQuery<R> {
    fn default() -> Self {
        Self {
            format: None,
            on_error: OnError::default(),
            dry_run: false,
            skip: 0,
            map: Vec::new(),
            resource: PhantomData,
        }
    }
}

impl<V: Writable> Query for ImportQuery<V> {
    fn parameters(_: &Registry) -> Parameters<Self> {
        let known = companions::<V::Service>();
        let map = (!known.is_empty()).then(|| {
            Parameter::list(
                "map",
                "The references to look up by name, as an export writes it, instead of by id. Use this for rows from another server.",
                known,
                |query: &mut Self, map| query.map = map,
            )
        });
        Parameters::new([
            Parameter::one_of(
                "format",
                "The format of the body. It must match the `Content-Type`.",
                &Format::ALL,
                |query: &mut Self, format| query.format = Some(format),
            ),
            Parameter::one_of(
                "on_error",
                "How to treat an invalid record: `abort` rolls back its batch and stops the import; `skip` leaves out the record.",
                &OnError::ALL,
                |query: &mut Self, on_error| query.on_error = on_error,
            )
            .default("abort"),
            Parameter::boolean(
                "dry_run",
                "Whether to check the records without writing them. Each batch is rolled back, so later batches do not see earlier ones.",
                |query: &mut Self, dry_run| query.dry_run = dry_run,
            )
            .default(false),
            Parameter::number(
                "skip",
                "The number of records to skip at the beginning. Send the `committed_lines` of an import that stopped to continue it.",
                0..=i64::MAX.cast_unsigned(),
                |query: &mut Self, skip| query.skip = skip,
            )
            .default(0),
        ])
        .with(map)
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
    let session = session.without_quotas();
    let _permit = concurrency.acquire_import(&session)?;
    let reading = Reading {
        format,
        skip: query.skip,
        has_author: false,
        map: query.map,
    };
    let writing = Writing {
        on_error: query.on_error,
        is_dry: query.dry_run,
        draining: draining.as_ref().clone(),
    };
    let session = session.per_batch();
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
            let refused = "stopped at the first invalid batch: neither that batch nor anything after it was written";
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
