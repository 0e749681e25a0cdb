//! Resources: services as HTTP shows them.
mod relation;
mod representation;
mod view;
mod words;

use kernel::{
    Crud, Found, Readable,
    resource::{Columns, RowPage},
};
use schemars::JsonSchema;
use serde::Serialize;

pub use relation::{Fetch, Relations, ShapedRow, fetch};
pub use representation::{PageInfo, Representation, StateView};
pub use view::Shown;
pub use words::{Words, capitalized, spelled};

/// The view of a service: what the API shows of its rows. [`view!`](crate::view) declares one that shows columns as they are.
pub trait Resource: JsonSchema + Serialize + Sized + 'static {
    type Service: Readable + Columns<State: StateView>;

    fn show(row: <Self::Service as Readable>::Row) -> Self;
}

/// The view of a service whose rows clients change.
pub trait Writable: Resource<Service: Crud<New: Send>> {}

impl<V: Resource<Service: Crud<New: Send>>> Writable for V {}

/// The input of a new row.
pub type New<V> = <<V as Resource>::Service as Crud>::New;

/// The input of a change to a row.
pub type Patch<V> = <<V as Resource>::Service as Crud>::Patch;

/// A row as the service returns it.
pub type FoundRow<V> = Found<
    <<V as Resource>::Service as Readable>::Row,
    <<V as Resource>::Service as Columns>::State,
>;

/// A page as the service returns it.
pub type FoundPage<V> = RowPage<
    <<V as Resource>::Service as Readable>::Row,
    <<V as Resource>::Service as Columns>::State,
>;
