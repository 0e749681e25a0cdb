//! The columns of CSV, in the order of the fields that a resource declares.
use service::{
    Crud,
    crud::Deleted,
    query::{Shape, showable},
};

/// What every resource has, at the end.
const BASE: [&str; 4] = ["created_at", "updated_at", "deleted_at", "version"];

/// One for each member that rows of this shape may have, whether the caller may see it in every row or not.
pub fn columns<C: Crud>(shape: &Shape) -> Vec<&'static str> {
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
        .collect()
}
