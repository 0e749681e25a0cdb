//! The job that sends queued mails. It claims a mail in one transaction, sends it outside of any, and deletes it in another.
use std::time::Duration;

use ::entity::{
    mails::{Column, Entity, Model},
    users,
};
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{CaseStatement, Expr, ExprTrait, LockBehavior, LockType},
};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::Template;
use crate::{
    Application, Users,
    auth::{checksum_key, is_verified, one_time},
    users::key,
};
use kernel::{
    Actor, Error, Kernel, Result, Session, Tx,
    crud::{now, scope},
    secret::Secret,
};

/// The delay before the first retry. It also keeps other senders from a mail that is being sent, so it is longer than
/// sending may take.
const FIRST_DELAY: Duration = Duration::from_mins(1);
const MAX_DELAY: Duration = Duration::from_hours(4);

/// The age from which a mail is no longer retried.
const GIVE_UP_AFTER: chrono::Duration = chrono::Duration::days(5);

/// The minimum interval between mails of one kind to one user, so that nobody can flood a mailbox.
pub const MIN_INTERVAL: chrono::Duration = chrono::Duration::minutes(1);

/// The order in which a sender takes the mails that are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// By priority: mails that somebody waits for, such as a password reset, come first.
    UrgentFirst,
    /// By age, so that many urgent mails do not delay the others for ever.
    OldestFirst,
}

/// The senders of one node. They work independently, so that a slow mail does not delay the others.
pub const SENDERS: [Sender; 4] = [
    Sender::UrgentFirst,
    Sender::UrgentFirst,
    Sender::UrgentFirst,
    Sender::OldestFirst,
];

/// The result of claiming one mail.
enum Claim {
    Send(Outgoing),
    /// The mail is obsolete or too soon after another, and was deleted.
    Dropped,
    /// The mail was retried for too long, and was deleted.
    GivenUp(Model),
    /// The template belongs to another version of the server, which can send the mail.
    Unknown(Model),
}

struct Outgoing {
    id: i64,
    recipient: String,
    template: Template,
    /// The values for the template.
    values: Value,
}

/// Runs all senders until no mail is due.
pub async fn deliver(kernel: &Kernel) -> Result<()> {
    let [one, two, three, four] = SENDERS.map(|sender| Box::pin(send_due(kernel, sender)));
    let done = tokio::join!(one, two, three, four);
    done.0.and(done.1).and(done.2).and(done.3)
}

/// Runs one sender until no mail is due. A mail that cannot be sent is retried later.
pub async fn send_due(kernel: &Kernel, sender: Sender) -> Result<()> {
    let session = kernel.session(Actor::System);
    let checksums = checksum_key(kernel).await?;
    while let Some(claim) = session
        .write(async |tx| claim(tx, sender, &checksums).await)
        .await?
    {
        // More mails may be due: wake the next sender.
        kernel.atoll().mail.wake();
        match claim {
            Claim::Send(outgoing) => send(&session, &outgoing).await?,
            Claim::Dropped => {}
            Claim::Unknown(Model { id, template, .. }) => {
                tracing::warn!(
                    mail = id,
                    template,
                    "unknown mail template; leaving it to a server of another version"
                );
            }
            Claim::GivenUp(Model { id, template, .. }) => {
                tracing::error!(mail = id, template, "mail not sent for 5 days, gave up");
            }
        }
    }
    Ok(())
}

async fn send(session: &Session, outgoing: &Outgoing) -> Result<()> {
    let Outgoing { id, template, .. } = outgoing;
    let mailer = &session.atoll().mail;
    let sent = mailer.send(&outgoing.recipient, *template, &outgoing.values);
    if let Err(cause) = sent.await {
        // The claim has already scheduled the next try.
        let template = template.name();
        tracing::warn!(mail = id, template, cause, "mail not sent, will retry");
        return Ok(());
    }
    tracing::debug!(mail = id, template = template.name(), "mail sent");
    let this = Column::Id.eq(*id);
    let sent = async |tx: &Tx| scope::erase::<Entity>(tx, this.clone()).await.map(drop);
    session.write(sent).await
}

/// Claims the first mail for this sender. It schedules the next try as after a failure, so that no other sender takes the
/// mail and a crash does not lose it.
async fn claim(tx: &Tx, sender: Sender, checksums: &Secret) -> Result<Option<Claim>> {
    let mut due = scope::plain::<Entity>().filter(Column::NextAttemptAt.lte(now()));
    if sender == Sender::UrgentFirst {
        due = due.order_by_asc(priority());
    }
    let due = due
        .order_by_asc(Column::NextAttemptAt)
        .order_by_asc(Column::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(mail) = due.one(tx).await? else {
        return Ok(None);
    };
    let this = Column::Id.eq(mail.id);
    if mail.attempts > 0 && mail.created_at < now() - GIVE_UP_AFTER {
        scope::erase::<Entity>(tx, this).await?;
        return Ok(Some(Claim::GivenUp(mail)));
    }
    let Some(template) = Template::from_name(&mail.template) else {
        schedule_retry(tx, &mail, mail.user_id).await?;
        return Ok(Some(Claim::Unknown(mail)));
    };
    let Some((user, outgoing)) = prepare(tx, &mail, template, checksums).await? else {
        scope::erase::<Entity>(tx, this).await?;
        return Ok(Some(Claim::Dropped));
    };
    schedule_retry(tx, &mail, Some(user)).await?;
    Ok(Some(Claim::Send(outgoing)))
}

/// [`Template::priority`] in SQL. Unknown templates come last.
fn priority() -> Expr {
    let last = CaseStatement::new().finally(Template::LAST);
    let case = |case: CaseStatement, template: Template| {
        case.case(Column::Template.eq(template.name()), template.priority())
    };
    Template::ALL.into_iter().fold(last, case).into()
}

/// Counts a try and schedules the next one.
async fn schedule_retry(tx: &Tx, mail: &Model, user: Option<i64>) -> Result<()> {
    let values = [
        (Column::UserId, Expr::val(user)),
        (Column::Attempts, Expr::val(mail.attempts + 1)),
        (
            Column::NextAttemptAt,
            Expr::val(now() + retry_delay(mail.attempts)?),
        ),
    ];
    scope::update_plain::<Entity>(tx, Column::Id.eq(mail.id), values)
        .await
        .map(drop)
}

/// The delay before the next try. It doubles with each attempt, up to a limit.
fn retry_delay(attempts: i32) -> Result<chrono::Duration> {
    let doubled = 1_u32.checked_shl(u32::try_from(attempts).unwrap_or_default());
    let delay = FIRST_DELAY.checked_mul(doubled.unwrap_or(u32::MAX));
    let delay = delay.unwrap_or(MAX_DELAY).min(MAX_DELAY);
    chrono::Duration::from_std(delay).map_err(Error::internal)
}

/// Prepares a mail for sending and creates its token. Returns `None` if the mail is obsolete or too soon after another.
async fn prepare(
    tx: &Tx,
    mail: &Model,
    template: Template,
    checksums: &Secret,
) -> Result<Option<(i64, Outgoing)>> {
    let Some(user) = lock_recipient(tx, mail, template).await? else {
        return Ok(None);
    };
    let mut values = mail.data.clone();
    values["site"] = tx.atoll().mail.site().into();
    values["username"] = user.username.as_str().into();
    if let Some(purpose) = template.purpose() {
        if mail.attempts == 0 && !has_min_interval(tx, mail, template, user.id).await? {
            return Ok(None);
        }
        let holder = one_time::Holder {
            user_id: Some(user.id),
            email: Some(&mail.recipient),
        };
        let token = one_time::create(tx, purpose, holder, checksums).await?;
        let (site, page) = (tx.atoll().mail.site(), template.page());
        values["link"] = format!("{site}/{page}#token={}", token.expose_secret()).into();
        values["lifetime"] = format_lifetime(purpose.lifetime()).into();
    }
    let outgoing = Outgoing {
        id: mail.id,
        // The address as the user entered it in their account, not as the request wrote it.
        recipient: match template {
            Template::Reset => user.email.clone(),
            _ => mail.recipient.clone(),
        },
        template,
        values,
    };
    Ok(Some((user.id, outgoing)))
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

/// Whether the last mail of this kind is long enough ago. If so, the other queued ones are deleted: this one replaces them.
async fn has_min_interval(tx: &Tx, mail: &Model, template: Template, user: i64) -> Result<bool> {
    let Some(purpose) = template.purpose() else {
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
