//! What a resource and a handler of one's own are written with.
pub use actix_web::http::Method;
pub use chrono::{NaiveDate, NaiveTime};
pub use kernel::{
    Crud, CrudOperations, ReadOperations, Readable,
    access::Access,
    idempotency::WriteRequest,
    json::{As, Base64, Date, Decimal, Float32, Int64, Present, TimeOfDay, Timestamp, UuidText},
    permission::Action,
};
pub use schemars::JsonSchema;
pub use serde::Serialize;

pub use crate::{
    access::Rule,
    call::{Call, ListParams, NoBody},
    handlers::resource,
    problem::Kind,
    reply::{Answer, CreatedRow, NoContent, Ok, Page, Reply, Row},
    resource::{Resource, Writable},
    route::Route,
    time::Time,
    view,
};
