//! Mail. A mail is queued in the transaction that causes it, sent by a job, and retried until the mail server accepts it.
//!
//! A mail is sent at least once: a crash after the server accepted it and before its row is deleted sends it again. The
//! queue holds no secrets, because the token is created when the mail is sent; each try has a token of its own.
mod deliver;
mod mailer;
mod settings;
mod template;
mod templates;
mod transport;

use std::net::IpAddr;

use ::entity::{mails, users};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, prelude::DateTimeWithTimeZone,
    sea_query::ExprTrait,
};
use serde_json::{Value, json};

pub use deliver::{MIN_INTERVAL, Prepare, Prepared, SENDERS, Sender, deliver, send_due};
pub use mailer::{FROM, Mailer, is_sender};
pub use settings::{Settings, Transport};
pub use template::Template;
pub use transport::{SMTP_URL, is_smtp_url};

use kernel::{
    Result, Tx,
    resource::{now, scope},
    trace,
};

/// Invalid mail settings or templates. The text says what to correct.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSettings(String);

/// The maximum length of a device name in a mail, in characters.
const DEVICE: usize = 200;

/// The key of the span that caused a mail, in the data of the mail.
const CAUSE: &str = "traceparent";

/// A mail to queue. Its text is rendered when it is sent.
#[derive(Debug, Clone)]
pub struct Mail {
    template: Template,
    /// `None` if only the address is known; the user is then looked up when the mail is sent.
    user_id: Option<i64>,
    recipient: String,
    data: Value,
    not_before: DateTimeWithTimeZone,
}

impl Mail {
    fn new(template: Template, user_id: Option<i64>, recipient: &str) -> Self {
        Self {
            template,
            user_id,
            recipient: recipient.to_owned(),
            data: json!({ "at": now().format("%Y-%m-%d %H:%M UTC").to_string() }),
            not_before: now(),
        }
    }

    /// A mail to a user whose address is not verified.
    pub fn verify(user: &users::Model) -> Self {
        Self::new(Template::Verify, Some(user.id), &user.email)
    }

    /// A mail to the new address that a user asked for.
    pub fn address(user_id: i64, wanted: &str) -> Self {
        Self::new(Template::Address, Some(user_id), wanted)
    }

    /// A mail to the address in a reset request. The user is not looked up here, so that unknown and known addresses take
    /// the same work.
    pub fn reset(claimed: &str) -> Self {
        Self::new(Template::Reset, None, claimed)
    }

    /// A mail to a user whose address was used for another registration.
    pub fn taken(user: &users::Model) -> Self {
        Self::new(Template::Taken, Some(user.id), &user.email)
    }

    /// A mail to the former address of a user.
    pub fn address_changed(user_id: i64, former: &str) -> Self {
        Self::new(Template::AddressChanged, Some(user_id), former)
    }

    pub fn password_changed(user_id: i64, email: &str) -> Self {
        Self::new(Template::PasswordChanged, Some(user_id), email)
    }

    /// A mail to a user who signed in from a new device.
    pub fn new_device(user: &users::Model, device: &str, address: Option<IpAddr>) -> Self {
        let mut mail = Self::new(Template::NewDevice, Some(user.id), &user.email);
        let device = device.chars().filter(|char| !char.is_control());
        mail.data["device"] = device.take(DEVICE).collect::<String>().into();
        mail.data["address"] = address.map_or_else(String::new, |ip| ip.to_string()).into();
        mail
    }

    /// Delays the mail until then.
    #[must_use]
    pub fn not_before(self, not_before: DateTimeWithTimeZone) -> Self {
        Self { not_before, ..self }
    }
}

/// Queues a mail; it is sent if the transaction commits. It does nothing if mail is not configured.
pub async fn queue(tx: &Tx, mut mail: Mail) -> Result<()> {
    if !tx.state::<Mailer>().is_on() {
        return Ok(());
    }
    if let Some(cause) = trace::traceparent() {
        mail.data[CAUSE] = cause.into();
    }
    let row = mails::ActiveModel {
        user_id: Set(mail.user_id),
        recipient: Set(mail.recipient),
        template: Set(mail.template.name().to_owned()),
        data: Set(mail.data),
        attempts: Set(0),
        created_at: Set(now()),
        next_attempt_at: Set(mail.not_before),
        ..Default::default()
    };
    mails::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    let mailer = tx.state::<Mailer>().clone();
    tx.after_commit(move || mailer.wake());
    Ok(())
}

/// Queues a mail with a delay, unless one of the same kind is already queued for the user, so that nobody can flood a
/// mailbox.
pub async fn queue_once(tx: &Tx, mail: Mail) -> Result<()> {
    let queued = mails::Column::UserId.eq(mail.user_id);
    let queued = queued.and(mails::Column::Template.eq(mail.template.name()));
    let one = scope::plain::<mails::Entity>().filter(queued).one(tx);
    match one.await? {
        Some(_) => Ok(()),
        None => queue(tx, mail.not_before(now() + MIN_INTERVAL)).await,
    }
}

/// Deletes the queued mails of this kind to a user.
pub(crate) async fn cancel(tx: &Tx, user: i64, template: Template) -> Result<()> {
    let queued = mails::Column::UserId.eq(user);
    let queued = queued.and(mails::Column::Template.eq(template.name()));
    scope::erase::<mails::Entity>(tx, queued).await.map(drop)
}
