//! Mail: queued in the transaction of what it is about, sent by a job, tried again until the server takes it.
//!
//! A letter is sent at least once. A crash between the server's yes and the row's end sends it again. The queue holds no
//! secret: a token is made when its letter is sent, so that each try brings one of its own.
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

pub use deliver::{APART, SENDERS, Sender, deliver, send_due};
pub use mailer::{FROM, Mailer, is_sender};
pub use settings::{Settings, Transport};
pub use template::Template;
pub use transport::{SMTP_URL, is_smtp_url};

use crate::{
    Application, Result, Tx,
    crud::{now, scope},
};

/// Settings or templates that no mail can be sent with; the text says what to mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

/// Characters of what a client says that it is.
const DEVICE: usize = 200;

/// A letter that is to be written when it is sent.
#[derive(Debug, Clone)]
pub struct Mail {
    template: Template,
    /// None where only the address is known: whose it is shows when it is sent.
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

    /// To a user whose address is not verified.
    pub fn verify(user: &users::Model) -> Self {
        Self::new(Template::Verify, Some(user.id), &user.email)
    }

    /// To the address that a user wants to have.
    pub fn address(user_id: i64, wanted: &str) -> Self {
        Self::new(Template::Address, Some(user_id), wanted)
    }

    /// To an address that somebody says is theirs. Nobody looks up here whose it is: an unknown one costs as much as a known one.
    pub fn reset(claimed: &str) -> Self {
        Self::new(Template::Reset, None, claimed)
    }

    /// To a user whose address somebody registered with again.
    pub fn taken(user: &users::Model) -> Self {
        Self::new(Template::Taken, Some(user.id), &user.email)
    }

    /// To the address that a user had.
    pub fn address_changed(user_id: i64, former: &str) -> Self {
        Self::new(Template::AddressChanged, Some(user_id), former)
    }

    pub fn password_changed(user_id: i64, email: &str) -> Self {
        Self::new(Template::PasswordChanged, Some(user_id), email)
    }

    /// To a user who signed in from a device that was not seen before.
    pub fn new_device(user: &users::Model, device: &str, address: Option<IpAddr>) -> Self {
        let mut mail = Self::new(Template::NewDevice, Some(user.id), &user.email);
        let device = device.chars().filter(|char| !char.is_control());
        mail.data["device"] = device.take(DEVICE).collect::<String>().into();
        mail.data["address"] = address.map_or_else(String::new, |ip| ip.to_string()).into();
        mail
    }

    /// Keeps it back for a while.
    #[must_use]
    pub fn not_before(self, not_before: DateTimeWithTimeZone) -> Self {
        Self { not_before, ..self }
    }
}

/// Sends a letter once the transaction has committed, or never. Without mail nothing happens.
pub async fn queue(tx: &Tx, mail: Mail) -> Result<()> {
    if !tx.atoll().mail.is_on() {
        return Ok(());
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
    let mailer = tx.atoll().mail.clone();
    tx.after_commit(move || mailer.wake());
    Ok(())
}

/// The same with a while to wait, in which more of them are one: against those who would fill a mailbox.
pub async fn queue_once(tx: &Tx, mail: Mail) -> Result<()> {
    let waits = mails::Column::UserId.eq(mail.user_id);
    let waits = waits.and(mails::Column::Template.eq(mail.template.name()));
    let one = scope::plain::<mails::Entity>().filter(waits).one(tx);
    match one.await? {
        Some(_) => Ok(()),
        None => queue(tx, mail.not_before(now() + APART)).await,
    }
}

/// Takes back what is queued for a user and not sent yet.
pub(crate) async fn withdraw(tx: &Tx, user: i64, template: Template) -> Result<()> {
    let theirs = mails::Column::UserId.eq(user);
    let theirs = theirs.and(mails::Column::Template.eq(template.name()));
    scope::erase::<mails::Entity>(tx, theirs).await.map(drop)
}
