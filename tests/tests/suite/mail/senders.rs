//! Four independent senders, and mails that users are waiting for.
use std::time::Duration;

use api::jobs::{self, JobSettings};
use kernel::Actor;
use service::mail::{Mail, Mailer, SENDERS, queue};
use tests::{
    TestApp,
    mail::{SITE, by_smtp},
    port::ReservedPort,
    process::eventually,
    smtp::Smtp,
};

use super::forgot;

/// Starts a server with a mail server that does not answer yet.
async fn slow() -> (TestApp, Smtp) {
    let port = ReservedPort::bind();
    let mailer = Mailer::start(&by_smtp(port.number), SITE).unwrap();
    let server = Smtp::holding(port);
    let app = TestApp::with(|with| with.service.mail = mailer);
    (app.await, server)
}

fn start_jobs(app: &TestApp) {
    let never = JobSettings {
        purge_interval: Duration::ZERO,
    };
    jobs::start(&app.kernel, &never, &jobs::JobMetrics::default());
}

/// Queues mails that are not urgent to these users.
async fn notify(app: &TestApp, users: &[i64]) {
    let system = app.kernel.session(Actor::System);
    let queued = system.write(async |tx| {
        for id in users {
            queue(
                tx,
                Mail::password_changed(*id, &format!("{id}@example.org")),
            )
            .await?;
        }
        Ok(())
    });
    queued.await.unwrap();
}

async fn arrived(server: &Smtp, count: usize) {
    eventually("that many letters arrive", async || {
        (server.arrived().len() >= count).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_letter_is_sent_while_another_is_not_answered() {
    let (app, server) = slow().await;
    let ada = app.user("ada", false, &[]).await;
    start_jobs(&app);

    for count in 1..=SENDERS.len() {
        notify(&app, &[ada]).await;
        arrived(&server, count).await;
    }

    assert_eq!(server.taken().len(), 0, "none was answered");
}

#[actix_web::test]
async fn letters_that_are_queued_together_are_sent_at_the_same_time() {
    let (app, server) = slow().await;
    let ada = app.user("ada", false, &[]).await;
    start_jobs(&app);
    notify(&app, &[ada]).await;
    arrived(&server, 1).await;

    notify(&app, &[ada; 3]).await;

    arrived(&server, SENDERS.len()).await;
    assert_eq!(server.taken().len(), 0, "none was answered");
}

#[actix_web::test]
async fn a_reset_is_sent_before_letters_that_were_queued_earlier() {
    let (app, server) = slow().await;
    let ada = app.user("ada", false, &[]).await;
    start_jobs(&app);
    notify(&app, &[ada; 4]).await;
    arrived(&server, SENDERS.len()).await;

    notify(&app, &[ada; 20]).await;
    let account = tests::json!({ "username": "bob", "email": "bob@example.org", "password": tests::PASSWORD });
    let registered = app.anonymous().post("/auth/register", account).await;
    registered.expect_status(202);
    forgot(&app, "ada@example.org").await.expect_status(202);
    for sent in 1..=4 {
        server.answer();
        arrived(&server, SENDERS.len() + sent).await;
    }

    let letters = server.arrived();
    let order: Vec<_> = letters[SENDERS.len()..]
        .iter()
        .map(|letter| letter.subject.as_str())
        .collect();
    let place = |subject: &str| order.iter().position(|found| *found == subject);
    // Every fourth mail is the oldest one in the queue.
    let reset = place("Choose a new password");
    let verification = place("Confirm your e-mail address");
    assert!(reset.is_some_and(|place| place <= 1), "{order:?}");
    assert!(verification.is_some_and(|place| place <= 2), "{order:?}");
    assert!(reset < verification, "{order:?}");
}

/// There are so many resets that another mail would never come first.
#[actix_web::test]
async fn urgent_letters_do_not_keep_the_others_back() {
    let (app, server) = slow().await;
    let mut users = Vec::new();
    for number in 0..8 {
        users.push(app.user(&format!("user-{number}"), false, &[]).await);
    }
    notify(&app, &users[..1]).await;
    for number in 1..8 {
        forgot(&app, &format!("user-{number}@example.org"))
            .await
            .expect_status(202);
    }

    start_jobs(&app);
    arrived(&server, SENDERS.len()).await;

    let letters = server.arrived();
    let others = letters
        .iter()
        .filter(|letter| letter.subject == "Your password was changed");
    assert_eq!(others.count(), 1, "{letters:?}");
}
