//! Mails to users: the recipient's account, and the token of the link in a mail.
use std::time::Duration;

use ::entity::{
    mails::{Column, Entity, Model},
    users,
};
use kernel::{
    Kernel, Result, Tx,
    resource::{now, scope},
    secret::Secret,
};
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect,
    sea_query::{ExprTrait, LockType},
};
use secrecy::ExposeSecret;

use super::{
    Users, checksum_key, is_verified,
    one_time::{self, Purpose},
    users::key,
};
use crate::mail::{self, MIN_INTERVAL, Mailer, Prepare, Prepared, Sender, Template};

/// Prepares mails to users, with the key of the checksums in their tokens.
struct Accounts<'a>(&'a Secret);

impl Prepare for Accounts<'_> {
    async fn prepare(&self, tx: &Tx, mail: &Model, template: Template) -> Result<Option<Prepared>> {
        prepare(tx, mail, template, self.0).await
    }
}

/// Runs all senders until no mail is due.
pub async fn deliver(kernel: &Kernel) -> Result<()> {
    let accounts = Accounts(checksum_key(kernel).await?);
    mail::deliver(kernel, &accounts).await
}

/// Runs one sender until no mail is due. A mail that cannot be sent is retried later.
pub async fn send_due(kernel: &Kernel, sender: Sender) -> Result<()> {
    let accounts = Accounts(checksum_key(kernel).await?);
    mail::send_due(kernel, sender, &accounts).await
}

/// The purpose of the token in a mail.
const fn purpose(template: Template) -> Option<Purpose> {
    match template {
        Template::Verify => Some(Purpose::Verify),
        Template::Address => Some(Purpose::Address),
        Template::Reset => Some(Purpose::Reset),
        Template::Taken
        | Template::AddressChanged
        | Template::PasswordChanged
        | Template::NewDevice => None,
    }
}

/// Prepares a mail for sending and creates its token. Returns `None` if the mail is obsolete or too soon after another.
async fn prepare(
    tx: &Tx,
    mail: &Model,
    template: Template,
    checksums: &Secret,
) -> Result<Option<Prepared>> {
    let Some(user) = lock_recipient(tx, mail, template).await? else {
        return Ok(None);
    };
    let mut values = mail.data.clone();
    values["site"] = tx.state::<Mailer>().site().into();
    values["username"] = user.username.as_str().into();
    if let Some(purpose) = purpose(template) {
        if mail.attempts == 0 && !has_min_interval(tx, mail, template, user.id).await? {
            return Ok(None);
        }
        let holder = one_time::Holder {
            user_id: Some(user.id),
            email: Some(&mail.recipient),
        };
        let token = one_time::create(tx, purpose, holder, checksums).await?;
        let (site, page) = (tx.state::<Mailer>().site(), template.page());
        values["link"] = format!("{site}/{page}#token={}", token.expose_secret()).into();
        values["lifetime"] = format_lifetime(purpose.lifetime()).into();
    }
    // The address as the user entered it in their account, not as the request wrote it.
    let recipient = if template == Template::Reset {
        user.email.clone()
    } else {
        mail.recipient.clone()
    };
    Ok(Some(Prepared {
        user_id: user.id,
        recipient,
        values,
    }))
}

/// Locks the recipient, so that mails to one user are prepared one after the other. Returns `None` if there is no such
/// active user, or the mail is obsolete.
async fn lock_recipient(tx: &Tx, mail: &Model, template: Template) -> Result<Option<users::Model>> {
    let is_recipient = match (template, mail.user_id) {
        (Template::Reset, _) => users::Column::EmailKey.eq(key(&mail.recipient)),
        (_, Some(id)) => users::Column::Id.eq(id),
        (_, None) => return Ok(None),
    };
    let user = scope::all_live::<Users>()
        .filter(is_recipient)
        .filter(users::Column::IsActive.eq(true))
        .lock(LockType::NoKeyUpdate);
    let Some(user) = user.one(tx).await? else {
        return Ok(None);
    };
    let has_changed = key(&mail.recipient) != user.email_key;
    let is_obsolete =
        template == Template::Verify && (has_changed || is_verified(tx, &user).await?);
    Ok((!is_obsolete).then_some(user))
}

/// Returns true if the last mail of this kind is long enough ago. Then the other queued ones are deleted, because this one
/// replaces them.
async fn has_min_interval(tx: &Tx, mail: &Model, template: Template, user: i64) -> Result<bool> {
    let Some(purpose) = purpose(template) else {
        return Ok(true);
    };
    let last = one_time::newest_of_user(tx, user, purpose).await?;
    // An address change has a token from the start, so its age does not show when the last mail was sent.
    let is_recent = last.is_some_and(|last| last.created_at > now() - MIN_INTERVAL);
    if template != Template::Address && is_recent {
        return Ok(false);
    }
    let others = Column::UserId.eq(user);
    let others = others.and(Column::Template.eq(template.name()));
    scope::erase::<Entity>(tx, others.and(Column::Id.ne(mail.id))).await?;
    Ok(true)
}

fn format_lifetime(lifetime: Duration) -> String {
    match lifetime.as_secs() / 60 {
        minutes if minutes % 60 == 0 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}
