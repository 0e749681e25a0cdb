//! The cache of callers on a SQLite file, which other processes can change.
use super::nodes;
use tests::Backend;

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn a_change_by_another_process_invalidates_the_cached_caller() {
    let (url, _folder) = Backend::File.fresh().await;
    nodes::a_change_invalidates_the_cached_caller(&url, Backend::File).await;
}
