//! Whether a job runs, and how its runs are counted.
use std::cell::Cell;

use kernel::{Database, Registry, database, error::ReadOnly};

use super::*;

/// A kernel that no job uses.
async fn kernel() -> Kernel {
    let settings = database::Settings::new("sqlite::memory:");
    let database = Database::connect(&settings, None).await.unwrap();
    let none = Registry::new(Vec::new(), &[]);
    Kernel::start(database, none.into(), (audit::Settings::default(), 0))
}

#[actix_web::test]
async fn in_read_only_mode_no_job_begins() {
    let (kernel, metrics, begun) = (kernel().await, JobMetrics::default(), Cell::new(0));
    let runs = metrics.job("test");
    let job = async || {
        begun.set(begun.get() + 1);
        Ok(())
    };

    for reason in [
        ReadOnly::Configured,
        ReadOnly::Signalled,
        ReadOnly::Switched,
    ] {
        kernel.database.set_read_only(reason, true);
        run(&kernel, &runs, job()).await.unwrap();
        kernel.database.set_read_only(reason, false);
    }
    assert_eq!((begun.get(), runs.succeeded.get()), (0, 0));

    run(&kernel, &runs, job()).await.unwrap();
    assert_eq!((begun.get(), runs.succeeded.get()), (1, 1));
}

#[actix_web::test]
async fn a_job_that_the_mode_interrupts_has_not_failed() {
    let (kernel, metrics) = (kernel().await, JobMetrics::default());
    let runs = metrics.job("test");

    let interrupted = async { Err(Error::ReadOnly(ReadOnly::Database)) };
    run(&kernel, &runs, interrupted).await.unwrap();
    assert_eq!((runs.succeeded.get(), runs.failed.get()), (0, 0));

    let failed = async { Err(Error::NotFound) };
    run(&kernel, &runs, failed).await.unwrap_err();
    assert_eq!((runs.succeeded.get(), runs.failed.get()), (0, 1));
}
