//! Two servers on one file.
use super::nodes;
use tests::Backend;

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn a_change_on_any_node_is_seen_within_a_second() {
    let (url, _folder) = Backend::File.fresh().await;
    nodes::changes_arrive(&url, Backend::File).await;
}
