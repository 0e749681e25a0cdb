//! The summaries and descriptions of the operations that every resource has, written once with the words of the resource.
use crate::{
    resource::{Words, capitalized},
    route::Route,
};

/// Adds the texts to the routes of a resource.
pub fn describe(routes: Vec<Route>, words: &Words) -> Vec<Route> {
    let many = capitalized(words.many());
    let tag = format!(
        "{many}: list, read, create, change, delete and restore them; count, export and import them; read their history."
    );
    let describe = |route: Route| match texts(route.operation, words) {
        Some((summary, description)) => route
            .summary(summary)
            .about(description)
            .about_tag(tag.clone()),
        None => route,
    };
    routes.into_iter().map(describe).collect()
}

/// Returns the summary and the description of an operation.
fn texts(operation: &str, words: &Words) -> Option<(String, String)> {
    let (one, noun, many) = (&words.one(), words.noun(), words.many());
    let (summary, description) = match operation {
        "list" => (
            format!("List {many}"),
            format!(
                "Returns one page of the {many} that the caller may see. Filters and `sort` select and order them; `page.next` is the \
                 `cursor` of the next page."
            ),
        ),
        "create" => (
            format!("Create {one}"),
            format!("Creates {one} and returns it. `Location` is its path."),
        ),
        "bulk" => (
            format!("Change {many} in bulk"),
            format!(
                "Creates, updates and deletes {many} in one transaction: all operations succeed, or all fail. `If-Match` applies to \
                 each operation without a `version`."
            ),
        ),
        "stats" => (
            format!("Count {many}"),
            format!(
                "Counts the {many} that match the filters, per group of `group_by`, and returns the requested aggregates of fields."
            ),
        ),
        "export" => (
            format!("Export {many}"),
            format!(
                "Returns all {many} that match the filters as one file, streamed as it is produced."
            ),
        ),
        "import" => (
            format!("Import {many}"),
            format!(
                "Creates {many} from a file. Its records are written in batches; if one is refused, the batches before it stay, and \
                 `committed_lines` tells where to continue."
            ),
        ),
        "get" => (
            format!("Get {one}"),
            format!("Returns {one}. The `ETag` is its version."),
        ),
        "update" => (
            format!("Update {one}"),
            format!(
                "Changes the fields that the body names, and returns the {noun} (RFC 7396). Send the `ETag` that you read as `If-Match`, \
                 so that you do not overwrite changes by others."
            ),
        ),
        "delete" => (
            format!("Delete {one}"),
            format!("Deletes the {noun} and what belongs to it. A restore brings them back."),
        ),
        "restore" => (
            format!("Restore {one}"),
            format!(
                "Restores the deleted {noun} and what was deleted with it, and returns it. The body may change fields, for example a \
                 unique value that was taken in the meantime."
            ),
        ),
        "history" => (
            format!("List the history of {one}"),
            format!("Returns one page of the entries of the audit log about the {noun}."),
        ),
        "impact" => (
            format!("Preview the deletion of {one}"),
            format!(
                "Counts the rows that a deletion of the {noun}, or its purge if it is deleted, would also remove."
            ),
        ),
        "revert" => (
            format!("Revert {one}"),
            format!(
                "Gives the {noun} the values that it had at an earlier version, as a new version."
            ),
        ),
        "purge" => (
            format!("Purge {one}"),
            format!("Permanently removes the deleted {noun} and what belongs to it."),
        ),
        _ => return None,
    };
    Some((summary, description))
}
