//! The parts of the OpenAPI document: operations, which the argument and answer types of handlers describe, and schemas.
mod bulk;
mod examples;
mod filters;
mod headers;
mod limits;
mod operation;
mod parameters;
pub(crate) mod problems;
mod rows;
mod schemas;
mod stats;

pub use headers::header;
pub(crate) use headers::{RATE_LIMIT, parameter, request_headers, response_headers};
pub use limits::TEXT;
pub use operation::Operation;
pub use schemas::Schemas;
pub(crate) use stats::stats_schema;

/// A type that documents itself in the operations that take or return it.
pub trait Documented {
    fn document(operation: &mut Operation<'_>);
}
