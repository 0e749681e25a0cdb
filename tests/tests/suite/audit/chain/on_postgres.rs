//! The order of entries if transactions commit in another order than they began.
use std::time::Duration;

use kernel::{
    CrudOperations,
    audit::{seal, verify},
};
use service::Posts;
use tests::{Service, Sql, service::draft, sql};
use tokio::{sync::Notify, time::timeout};

use super::seal_all;

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn an_entry_waits_for_every_transaction_that_began_before_its_own() {
    let service = Service::patient().await;
    let ada = service.user("ada").await;
    seal_all(&service.kernel).await;
    let (began, go_on) = (Notify::new(), Notify::new());
    let (slow, quick) = (draft(ada, "Slow"), draft(ada, "Quick"));

    let slow = service.write(async |tx| {
        Posts::create(tx, &slow).await?;
        began.notify_one();
        go_on.notified().await;
        Ok(())
    });
    let meanwhile = async {
        began.notified().await;
        service
            .write(async |tx| Posts::create(tx, &quick).await)
            .await
            .unwrap();
        let sealed = seal(&service.kernel).await.unwrap();
        let unsealed = verify(&service.kernel, None).await.unwrap().unsealed;
        go_on.notify_one();
        (sealed, unsealed)
    };
    let (slow, seen) = tokio::join!(slow, meanwhile);
    slow.unwrap();
    assert_eq!(
        seen,
        (0, 1),
        "the quick one waits, as the slow one may come before it"
    );

    seal_all(&service.kernel).await;

    let verdict = verify(&service.kernel, None).await.unwrap();
    assert_eq!(
        (verdict.entries, verdict.unsealed, verdict.problems),
        (3, 0, Vec::new())
    );
}

/// A restored dump contains transaction ids of another server.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn sealing_goes_on_in_a_restored_database() {
    let service = Service::new().await;
    let ada = service.user("ada").await;
    service.post(ada, "Before").await;
    seal_all(&service.kernel).await;
    service.post(ada, "Just before").await;
    sql::run(
        &service.kernel,
        "UPDATE audit_entries SET transaction_id = transaction_id + 1000000000000",
    )
    .await;
    sql::run(
        &service.kernel,
        "UPDATE audit_blocks SET last_transaction_id = last_transaction_id + 1000000000000",
    )
    .await;

    for title in ["After", "Later"] {
        service.post(ada, title).await;
        timeout(Duration::from_secs(30), seal_all(&service.kernel))
            .await
            .unwrap();
    }

    let verdict = verify(&service.kernel, None).await.unwrap();
    assert_eq!((verdict.entries, verdict.problems), (5, Vec::new()));
    let order = Sql::open(&service.url).await;
    let order = order
        .texts("SELECT CAST(entry_id AS text) FROM audit_seals ORDER BY seq")
        .await;
    assert_eq!(order, ["1", "2", "3", "4", "5"]);
}
