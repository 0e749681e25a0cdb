//! Two servers on one PostgreSQL database.
use super::nodes;
use tests::Backend;

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_change_on_any_node_is_seen_within_a_second() {
    let (url, _place) = Backend::Postgres.fresh().await;
    nodes::changes_arrive(&url, Backend::Postgres).await;
}
