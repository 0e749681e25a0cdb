//! The job that sends queued mails. It claims a mail in one transaction, sends it outside of any, and deletes it in another.
use std::time::Duration;

use ::entity::mails::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{CaseStatement, Expr, LockBehavior, LockType},
};
use serde_json::Value;
use tracing::{Instrument, Span, field::Empty, info_span};

use super::{CAUSE, Mailer, Template};
use kernel::{
    Actor, Error, Kernel, Result, Session, Tx,
    resource::{now, scope},
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
    template: Template,
    prepared: Prepared,
    /// The span that caused the mail.
    cause: Option<String>,
}

/// A mail that can be sent now.
#[derive(Debug)]
pub struct Prepared {
    pub user_id: i64,
    pub recipient: String,
    /// The values for the template.
    pub values: Value,
}

/// Knows the accounts that mails are about.
pub trait Prepare {
    /// Returns `None` if the mail is obsolete or too soon after another. It is then deleted.
    async fn prepare(&self, tx: &Tx, mail: &Model, template: Template) -> Result<Option<Prepared>>;
}

/// Runs all senders until no mail is due.
pub async fn deliver(kernel: &Kernel, accounts: &impl Prepare) -> Result<()> {
    let [one, two, three, four] =
        SENDERS.map(|sender| Box::pin(send_due(kernel, sender, accounts)));
    let done = tokio::join!(one, two, three, four);
    done.0.and(done.1).and(done.2).and(done.3)
}

/// Runs one sender until no mail is due. A mail that cannot be sent is retried later.
pub async fn send_due(kernel: &Kernel, sender: Sender, accounts: &impl Prepare) -> Result<()> {
    let session = kernel.session(Actor::System);
    while let Some(claim) = session
        .write(async |tx| claim(tx, sender, accounts).await)
        .await?
    {
        // More mails may be due: wake the next sender.
        kernel.state::<Mailer>().wake();
        match claim {
            Claim::Send(outgoing) => {
                let (template, cause) = (outgoing.template.name(), outgoing.cause.as_deref());
                let span = info_span!("mail", template, cause, failed = Empty);
                send(&session, &outgoing).instrument(span).await?;
            }
            Claim::Dropped => {}
            Claim::Unknown(Model { id, template, .. }) => {
                tracing::warn!(
                    mail = id,
                    template,
                    "unknown mail template; the mail waits for a server of another version"
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
    let Outgoing {
        id,
        template,
        prepared,
        cause: _,
    } = outgoing;
    let mailer = session.state::<Mailer>();
    let sent = mailer.send(&prepared.recipient, *template, &prepared.values);
    if let Err(cause) = sent.await {
        // The claim has already scheduled the next try.
        Span::current().record("failed", true);
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
async fn claim(tx: &Tx, sender: Sender, accounts: &impl Prepare) -> Result<Option<Claim>> {
    let mut due = scope::plain::<Entity>().filter(Column::NextAttemptAt.lte(now()));
    if sender == Sender::UrgentFirst {
        due = due.order_by_asc(priority());
    }
    let due = due
        .order_by_asc(Column::NextAttemptAt)
        .order_by_asc(Column::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(mut mail) = due.one(tx).await? else {
        return Ok(None);
    };
    // Templates do not see it.
    let cause = mail
        .data
        .as_object_mut()
        .and_then(|data| data.remove(CAUSE));
    let this = Column::Id.eq(mail.id);
    if mail.attempts > 0 && mail.created_at < now() - GIVE_UP_AFTER {
        scope::erase::<Entity>(tx, this).await?;
        return Ok(Some(Claim::GivenUp(mail)));
    }
    let Some(template) = Template::from_name(&mail.template) else {
        schedule_retry(tx, &mail, mail.user_id).await?;
        return Ok(Some(Claim::Unknown(mail)));
    };
    let Some(prepared) = accounts.prepare(tx, &mail, template).await? else {
        scope::erase::<Entity>(tx, this).await?;
        return Ok(Some(Claim::Dropped));
    };
    schedule_retry(tx, &mail, Some(prepared.user_id)).await?;
    Ok(Some(Claim::Send(Outgoing {
        id: mail.id,
        template,
        prepared,
        cause: cause.and_then(|cause| cause.as_str().map(str::to_owned)),
    })))
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
