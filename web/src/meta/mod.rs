//! Describes the resources of an application for front ends: their fields, relations and limits, and what a caller may do.
//! Everything follows from the declarations, so a new resource is described without a further line.
mod catalog;
mod declared;
mod field;
mod view;

pub use catalog::Catalog;
pub use declared::Described;
pub use view::{CallerView, MetaView};
