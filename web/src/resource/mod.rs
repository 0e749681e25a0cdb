//! Resources: services as HTTP shows them.
mod relation;
mod representation;

use kernel::{Crud, Found};
use schemars::JsonSchema;
use serde::Serialize;

pub use relation::{Fetch, Relations, fetch};
pub use representation::{Representation, Window};

/// The view of a service: what the API shows of its rows.
pub trait Resource: JsonSchema + Serialize + Sized + 'static {
    type Service: Crud<Row: Into<Self>, New: Send>;
}

/// The input of a new row.
pub type New<V> = <<V as Resource>::Service as Crud>::New;

/// The input of a change to a row.
pub type Patch<V> = <<V as Resource>::Service as Crud>::Patch;

/// A row as the service returns it.
pub type FoundRow<V> = Found<<<V as Resource>::Service as Crud>::Row>;
