//! Many resets on SQLite in a file.
use tests::Backend;

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn no_acknowledged_write_is_lost_during_many_resets() {
    let (acknowledged, lost) = super::publish_during_resets(Backend::File).await;

    assert!(
        lost.is_empty(),
        "{} of {acknowledged} are lost: {lost:?}",
        lost.len()
    );
    assert!(acknowledged > 0);
    println!("{acknowledged} acknowledged, {} lost", lost.len());
}
