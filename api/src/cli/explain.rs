//! Turns errors of the service into errors for operators, with the causes that clients are not told.
use std::{error::Error as _, iter};

use anyhow::anyhow;
use kernel::{Error, Refusal};

pub fn explain(error: Error) -> anyhow::Error {
    match &error {
        Error::Invalid(refusals) | Error::Query(refusals) | Error::Conflict { refusals, .. }
            if !refusals.is_empty() =>
        {
            anyhow!(lines(refusals))
        }
        Error::Unavailable(..)
        | Error::QueryTimeout(_)
        | Error::Storage(..)
        | Error::Internal(_)
        | Error::Contended(_) => {
            anyhow!(cause(&error))
        }
        _ => error.into(),
    }
}

fn lines(refusals: &[Refusal]) -> String {
    let line =
        |refusal: &Refusal| format!("{}: {}", refusal.at.trim_start_matches('/'), refusal.detail);
    refusals.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Shows the innermost error: the errors around it mostly repeat it.
fn cause(error: &Error) -> String {
    let innermost = iter::successors(error.source(), |cause| (*cause).source()).last();
    match (error, innermost) {
        (Error::Unavailable(..) | Error::QueryTimeout(_) | Error::Storage(..), Some(cause)) => {
            format!("{error}: {cause}")
        }
        (_, Some(cause)) => cause.to_string(),
        (_, None) => error.to_string(),
    }
}
