//! The columns of a CSV export, in the order in which the resource declares its fields.
use kernel::{
    Readable,
    query::Shape,
    resource::{Deleted, member_names},
};

use super::references::named_columns;

/// The columns of every resource, which come last.
const BASE: [&str; 4] = ["created_at", "updated_at", "deleted_at", "version"];

/// Returns a column for each member that rows of this shape may have, even if the caller cannot see it in every row; the
/// column of a reference is followed by the name of the row that it refers to.
pub fn columns<C: Readable>(shape: &Shape) -> Vec<String> {
    let named = named_columns::<C>();
    let with_name = |column: &'static str| {
        let name = named.iter().find(|(key, _)| *key == column);
        let name = name.map(|(_, name)| name.clone());
        [column.to_owned()].into_iter().chain(name)
    };
    let members = member_names::<C>().into_iter();
    let own = members.filter(|name| !BASE.contains(name));
    let is_shown = |name: &&str| match &shape.fields {
        Some(fields) => *name == "id" || fields.iter().any(|field| field == name),
        None => true,
    };
    let has_deleted = shape.deleted != Deleted::Exclude;
    own.chain(BASE)
        .filter(|name| has_deleted || *name != "deleted_at")
        .filter(is_shown)
        .flat_map(with_name)
        .collect()
}
