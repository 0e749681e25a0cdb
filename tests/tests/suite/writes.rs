//! A write is atomic, reports its outcome correctly, and ends within its time budget.
use std::{
    cell::Cell,
    future::{pending, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use kernel::{Actor, Code, CrudOperations, Error, ReadOperations, Reads, Result, query::ListQuery};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use service::{Posts, posts::NewPost, registry};
use tests::{Knobs, Service, TestApp, json, process::within_limit, service::draft};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// A service with an author of drafts.
struct Desk {
    service: Service,
    author: i64,
}

impl Desk {
    async fn new() -> Self {
        Self::with_service(Service::new().await).await
    }

    async fn with_service(service: Service) -> Self {
        let author = service.user("ada").await;
        Self { service, author }
    }

    async fn with_budget(budget: Duration) -> Self {
        Self::with_service(Service::with(|settings| settings.write_timeout = budget).await).await
    }

    fn draft(&self, title: &str) -> NewPost {
        draft(self.author, title)
    }

    /// Returns true if the service can still write and read.
    async fn can_write(&self) -> bool {
        let post = self.draft("Works");
        let done = self
            .service
            .write(async |tx| Posts::create(tx, &post).await);
        done.await.is_ok() && self.service.slugs().await.contains(&"works".to_owned())
    }
}

/// PostgreSQL alone has narrower numbers than the API.
#[actix_web::test]
async fn a_number_that_a_column_cannot_hold_is_a_refusal() {
    let desk = Desk::new().await;
    let session = desk.service.session();
    let db = session.db().unwrap();
    if db.get_database_backend() != DbBackend::Postgres {
        return;
    }

    let error = db
        .execute_unprepared("SELECT 2147483647::int + 1")
        .await
        .unwrap_err();

    let refused = Error::from(error);
    let Error::Invalid(refusals) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refusals[0].code, Code::OutOfRange);
}

/// Returns a title that only the database refuses.
fn too_long() -> String {
    "x".repeat(256)
}

fn panic_in_handler() -> Result<()> {
    panic!("a handler's mistake")
}

fn contended() -> Error {
    Error::Contended(DbErr::Custom("another transaction was first".to_owned()))
}

#[actix_web::test]
async fn a_write_that_succeeds_is_kept() {
    let desk = Desk::new().await;
    let (one, two) = (desk.draft("One"), desk.draft("Two"));

    let done = desk.service.write(async |tx| {
        Posts::create(tx, &one).await?;
        Posts::create(tx, &two).await
    });

    assert_eq!(done.await.unwrap().row.slug, "two");
    assert_eq!(desk.service.slugs().await, ["one", "two"]);
}

#[actix_web::test]
async fn a_write_that_fails_leaves_nothing() {
    let desk = Desk::new().await;
    let (one, two) = (desk.draft("One"), desk.draft(&too_long()));

    let by_rule = desk.service.write(async |tx| {
        Posts::create(tx, &one).await?;
        Err::<(), _>(Error::NotFound)
    });
    let by_rule = by_rule.await;
    let by_database = desk.service.write(async |tx| {
        Posts::create(tx, &one).await?;
        Posts::create(tx, &two).await
    });
    let by_database = by_database.await;

    assert!(matches!(by_rule, Err(Error::NotFound)));
    assert!(matches!(by_database, Err(Error::Internal(_))));
    assert!(desk.service.slugs().await.is_empty());
}

/// PostgreSQL would answer the COMMIT with OK, and roll back.
#[actix_web::test]
async fn a_write_that_ignores_a_failed_statement_is_refused() {
    let desk = Desk::new().await;
    let (one, two) = (desk.draft("One"), desk.draft(&too_long()));

    let done = desk.service.write(async |tx| {
        Posts::create(tx, &one).await?;
        drop(Posts::create(tx, &two).await);
        Ok(())
    });

    assert!(matches!(done.await, Err(Error::Internal(_))));
    assert!(desk.service.slugs().await.is_empty());
    assert!(desk.can_write().await);
}

#[actix_web::test]
async fn a_contended_write_starts_again_from_nothing() {
    let desk = Desk::with_budget(Duration::from_mins(1)).await;
    let (post, tries) = (desk.draft("One"), Cell::new(0));

    let done = desk.service.write(async |tx| {
        tries.set(tries.get() + 1);
        let made = Posts::create(tx, &post).await?;
        match tries.get() {
            1..=5 => Err(contended()),
            _ => Ok(made),
        }
    });

    assert_eq!(
        done.await.unwrap().row.slug,
        "one",
        "no try saw another's post"
    );
    assert_eq!(tries.get(), 6);
    assert_eq!(desk.service.slugs().await, ["one"]);
}

#[actix_web::test]
async fn a_write_is_run_again_at_most_five_times() {
    let desk = Desk::with_budget(Duration::from_mins(1)).await;
    let tries = Cell::new(0);

    let done = desk.service.write(async |_| {
        tries.set(tries.get() + 1);
        Err::<(), _>(contended())
    });

    assert!(matches!(done.await, Err(Error::Unavailable(..))));
    assert_eq!(tries.get(), 6);
}

#[actix_web::test]
async fn a_write_is_not_run_again_beyond_its_budget() {
    let budget = Duration::from_secs(3);
    let desk = Desk::with_budget(budget).await;
    let (tries, deadline) = (Cell::new(0), Instant::now() + budget);

    let done = desk.service.write(async |_| {
        tries.set(tries.get() + 1);
        // The time that a write waits for others counts.
        sleep_until(deadline).await;
        Err::<(), _>(contended())
    });

    assert!(matches!(done.await, Err(Error::Unavailable(..))));
    assert_eq!(tries.get(), 1);
}

#[actix_web::test]
async fn a_read_beside_a_write_fails_at_once() {
    let desk = Desk::new().await;
    let session = desk.service.session();
    let all = ListQuery::<Posts>::parse([], registry()).unwrap();

    let done = session.write(async |_| Posts::list(&session, &all).await.map(drop));

    assert!(matches!(done.await, Err(Error::Internal(_))));
    assert!(
        Posts::list(&session, &all).await.is_ok(),
        "after the write it works"
    );
}

#[actix_web::test]
async fn a_write_inside_a_write_fails_at_once() {
    let desk = Desk::new().await;
    let session = desk.service.session();

    let done = session.write(async |_| session.write(async |_| Ok(())).await);

    assert!(matches!(done.await, Err(Error::Internal(_))));
    assert!(
        session.write(async |_| Ok(())).await.is_ok(),
        "after the write it works"
    );
}

#[actix_web::test]
async fn a_panic_inside_a_write_rolls_it_back() {
    let desk = Desk::new().await;
    let (session, post) = (desk.service.session(), desk.draft("One"));

    let task = actix_web::rt::spawn(async move {
        let write = session.write(async |tx| {
            Posts::create(tx, &post).await?;
            panic_in_handler()
        });
        write.await
    });

    assert!(task.await.unwrap_err().is_panic());
    assert!(desk.service.slugs().await.is_empty());
    assert!(desk.can_write().await);
}

#[actix_web::test]
async fn a_write_that_is_dropped_rolls_back() {
    let desk = Desk::new().await;
    let (session, post, inserted) = (desk.service.session(), desk.draft("One"), Cell::new(false));

    {
        let mut write = pin!(session.write(async |tx| {
            Posts::create(tx, &post).await?;
            inserted.set(true);
            pending::<Result<()>>().await
        }));
        poll_fn(|cx| match (write.as_mut().poll(cx), inserted.get()) {
            (Poll::Pending, false) => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
    }

    assert!(desk.service.slugs().await.is_empty());
    assert!(desk.can_write().await);
}

#[actix_web::test]
async fn a_write_that_waits_too_long_for_another_is_unavailable() {
    let brief = |knobs: &mut Knobs| {
        knobs.database = |database| {
            database.write_timeout = Duration::from_secs(4);
            // In memory, the second write waits for the only connection.
            database.acquire_timeout = Duration::from_secs(1);
        };
    };
    let app = TestApp::with(brief).await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let (holds, ends) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
    let first = {
        let (session, id) = (app.kernel.session(Actor::System), post.id());
        let patch = serde_json::from_value(json!({ "title": "First" })).unwrap();
        let (holds, ends) = (holds.clone(), ends.clone());
        actix_web::rt::spawn(async move {
            let write = session.write(async |tx| {
                Posts::update(tx, id, &patch).await?;
                holds.notify_one();
                ends.notified().await;
                Ok(())
            });
            write.await
        })
    };
    within_limit("the first write holds the row", holds.notified()).await;

    let second = json!({ "title": "Second" });
    let refused = ada.patch(post.url(), second.clone()).await;

    refused
        .expect_problem(503, "unavailable")
        .header("retry-after");
    assert!(!first.is_finished(), "nobody waited for the first");
    ends.notify_one();
    first.await.unwrap().unwrap();
    let done = ada.patch(post.url(), second).await.expect_status(200);
    assert_eq!(done.body["version"], 3);
}
