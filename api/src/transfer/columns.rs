//! The columns of CSV, in the order of the fields that a resource declares.
use service::{
    Crud,
    crud::Deleted,
    query::{Shape, showable},
};

use super::references::beside;

/// What every resource has, at the end.
const BASE: [&str; 4] = ["created_at", "updated_at", "deleted_at", "version"];

/// One for each member that rows of this shape may have, whether the caller may see it in every row or not; beside a
/// reference, the name of what it refers to.
pub fn columns<C: Crud>(shape: &Shape) -> Vec<String> {
    let beside = beside::<C>();
    let with_name = |column: &'static str| {
        let name = beside.iter().find(|(key, _)| *key == column);
        let name = name.map(|(_, name)| name.clone());
        [column.to_owned()].into_iter().chain(name)
    };
    let members = showable::<C>().into_iter();
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
