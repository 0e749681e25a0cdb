//! A mail is queued in the transaction that causes it, and waits until it is sent.
use kernel::{Actor, Error};
use service::{
    identity::{Credentials, deliver},
    mail::{Mail, Mailer, queue},
};
use tests::{
    TestApp,
    mail::{Letters, SITE, by_smtp},
    port::ReservedPort,
    smtp::Smtp,
    sql,
};

use super::{LONG_AGO, forgot, heads, register, reset};

async fn due(app: &TestApp) {
    let set = format!("UPDATE mails SET next_attempt_at = {LONG_AGO}");
    sql::run(&app.kernel, &set).await;
}

#[actix_web::test]
async fn a_mail_server_that_is_away_delays_nothing_and_loses_nothing() {
    let port = ReservedPort::bind();
    let app = TestApp::with(|with| {
        with.service.mail = Mailer::start(&by_smtp(port.number), SITE).unwrap();
    })
    .await;
    app.user("ada", false, &[]).await;

    register(&app, "bob", "bob@example.org")
        .await
        .expect_status(202);
    forgot(&app, "ada@example.org").await.expect_status(202);
    for _ in 0..3 {
        due(&app).await;
        deliver(&app.kernel).await.unwrap();
    }
    let server = Smtp::listen(port);
    deliver(&app.kernel).await.unwrap();
    assert_eq!(heads(&server.taken()), [], "they wait for their time");
    due(&app).await;
    deliver(&app.kernel).await.unwrap();
    due(&app).await;
    deliver(&app.kernel).await.unwrap();

    let mut taken = server.taken();
    taken.sort_by_key(|letter| letter.to.clone());
    assert_eq!(
        heads(&taken),
        [
            ("ada@example.org", "Choose a new password"),
            ("bob@example.org", "Confirm your e-mail address")
        ]
    );
    reset(&app, &taken[0].token(), "a completely different one")
        .await
        .expect_status(204);
}

#[actix_web::test]
async fn a_letter_goes_with_its_transaction() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.user("ada", false, &[]).await;
    let system = app.kernel.session(Actor::System);

    let failed = system.write(async |tx| {
        queue(tx, Mail::password_changed(ada, "ada@example.org")).await?;
        Err::<(), _>(Error::NotFound)
    });

    failed.await.unwrap_err();
    assert_eq!(heads(&letters.sent(&app).await), []);
}

#[actix_web::test]
async fn several_who_send_at_once_send_each_letter_once() {
    let letters = Letters::new();
    let app = letters.app().await;
    let mut users = Vec::new();
    for number in 0..12 {
        users.push(app.user(&format!("user-{number:02}"), false, &[]).await);
    }
    let system = app.kernel.session(Actor::System);
    let queued = system.write(async |tx| {
        for id in &users {
            queue(
                tx,
                Mail::password_changed(*id, &format!("{id}@example.org")),
            )
            .await?;
        }
        Ok(())
    });
    queued.await.unwrap();

    let nodes = tokio::join!(
        deliver(&app.kernel),
        deliver(&app.kernel),
        deliver(&app.kernel)
    );

    nodes.0.and(nodes.1).and(nodes.2).unwrap();
    let mut expected: Vec<_> = users.iter().map(|id| format!("{id}@example.org")).collect();
    expected.sort();
    let sent = letters.sent(&app).await;
    assert_eq!(
        sent.iter()
            .map(|letter| letter.to.clone())
            .collect::<Vec<_>>(),
        expected
    );
}

#[actix_web::test]
async fn a_mail_that_is_undelivered_for_days_is_given_up() {
    let nowhere = ReservedPort::bind();
    let app = TestApp::with(|with| {
        with.service.mail = Mailer::start(&by_smtp(nowhere.number), SITE).unwrap();
    })
    .await;
    app.user("ada", false, &[]).await;
    forgot(&app, "ada@example.org").await.expect_status(202);
    deliver(&app.kernel).await.unwrap();
    let count = async || {
        app.kernel
            .session(Actor::System)
            .write(async |tx| waiting(tx).await)
            .await
            .unwrap()
    };
    assert_eq!(count().await, 1);

    sql::run(
        &app.kernel,
        &format!("UPDATE mails SET created_at = {LONG_AGO}"),
    )
    .await;
    due(&app).await;
    deliver(&app.kernel).await.unwrap();

    assert_eq!(count().await, 0);
}

async fn waiting(tx: &kernel::Tx) -> kernel::Result<usize> {
    use sea_orm::{ConnectionTrait, Statement};
    let rows = Statement::from_string(tx.get_database_backend(), "SELECT id FROM mails");
    Ok(tx.query_all_raw(rows).await?.len())
}

/// A client's own description appears in the body of the mail, and adds no header.
#[actix_web::test]
async fn nothing_that_a_client_says_becomes_a_header_or_markup() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.user("ada", false, &[]).await;
    let system = app.kernel.session(Actor::System);
    let who = Credentials {
        login: "ada".to_owned(),
        password: tests::PASSWORD.into(),
        otp: None,
    };
    let (user, _attempt) = service::identity::authenticate(&system, &who)
        .await
        .unwrap();
    assert_eq!(user.id, ada);

    let device = "x\r\nBcc: eve@example.org\r\n\r\n<script>";
    let queued = system.write(async |tx| queue(tx, Mail::new_device(&user, device, None)).await);
    queued.await.unwrap();

    let letter = letters.only(&app).await;
    assert_eq!(letter.subject, "A sign-in from a new device");
    assert!(
        !letter.raw.lines().any(|line| line.starts_with("Bcc")),
        "{}",
        letter.raw
    );
    let (_, html) = letter.raw.split_once("text/html").unwrap();
    assert!(
        html.contains("&lt;script&gt;") && !html.contains("<script>"),
        "{html}"
    );
}

/// Neither queued nor sent mails contain a token.
#[actix_web::test]
async fn the_database_holds_no_token() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    app.statements.take();
    forgot(&app, "ada@example.org").await.expect_status(202);

    let token = letters.only(&app).await.token();

    let said = app.statements.take_whole();
    assert!(
        said.iter()
            .any(|statement| statement.sql.contains("one_time_tokens"))
    );
    for statement in said {
        assert!(!format!("{statement:?}").contains(&token), "{statement:?}");
    }
    assert_eq!(token.len(), 54, "256 bits and a checksum in base64");
}

/// It delays no other mail.
#[actix_web::test]
async fn a_letter_without_a_recipient_that_any_server_takes_waits_like_any_other() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.user("ada", false, &[]).await;
    let system = app.kernel.session(Actor::System);
    for to in [
        "",
        "nobody",
        "a@b\r\nBcc: eve@example.org",
        "ada@example.org",
    ] {
        let queued = system.write(async |tx| queue(tx, Mail::password_changed(ada, to)).await);
        queued.await.unwrap();
    }

    let sent = letters.sent(&app).await;

    assert_eq!(
        heads(&sent),
        [("ada@example.org", "Your password was changed")]
    );
}
