//! The job that sends what is queued: it claims a letter in one transaction, sends it in none, and forgets it in another.
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
    Actor, Application, Error, Kernel, Result, Session, Tx, Users,
    auth::{checksum_key, is_verified, one_time},
    crud::{now, scope},
    secret::Secret,
    users::key,
};

/// How long nobody else takes a letter that is being sent; longer than that may take.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(4);

/// Then nobody waits for it any more.
const GIVEN_UP: chrono::Duration = chrono::Duration::days(5);

/// Of letters of one kind to one user: against those who would fill a mailbox.
pub const APART: chrono::Duration = chrono::Duration::minutes(1);

/// Which of the letters that are due a sender takes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A letter that somebody waits for, such as a password reset.
    UrgentFirst,
    /// The letter that waits longest, so that many urgent ones do not keep the others back for ever.
    OldestFirst,
}

/// The senders of one node. Each works on its own: a slow letter delays none of the others.
pub const SENDERS: [Sender; 4] = [
    Sender::UrgentFirst,
    Sender::UrgentFirst,
    Sender::UrgentFirst,
    Sender::OldestFirst,
];

/// What a claim of one letter comes to.
enum Claim {
    Send(Letter),
    /// Nobody is to have it.
    Dropped,
    GivenUp(Model),
    /// Of a server in another version, which knows what it is.
    Unknown(Model),
}

struct Letter {
    id: i64,
    recipient: String,
    template: Template,
    /// What is written into the template.
    values: Value,
}

/// Sends everything that is due by all senders, and ends when the last of them finds nothing more.
pub async fn deliver(kernel: &Kernel) -> Result<()> {
    let [one, two, three, four] = SENDERS.map(|sender| Box::pin(send_due(kernel, sender)));
    let done = tokio::join!(one, two, three, four);
    done.0.and(done.1).and(done.2).and(done.3)
}

/// Sends what is due by one sender, one letter after the other. What cannot be sent is tried again later.
pub async fn send_due(kernel: &Kernel, sender: Sender) -> Result<()> {
    let session = kernel.session(Actor::System);
    let checksums = checksum_key(kernel).await?;
    while let Some(claim) = session
        .write(async |tx| claim(tx, sender, &checksums).await)
        .await?
    {
        // There may be more than one: another sender looks, and wakes the next.
        kernel.atoll().mail.wake();
        match claim {
            Claim::Send(letter) => send(&session, &letter).await?,
            Claim::Dropped => {}
            Claim::Unknown(Model { id, template, .. }) => {
                tracing::warn!(
                    mail = id,
                    template,
                    "left to a server that knows this template"
                );
            }
            Claim::GivenUp(Model { id, template, .. }) => {
                tracing::error!(mail = id, template, "nobody took it for days: given up");
            }
        }
    }
    Ok(())
}

async fn send(session: &Session, letter: &Letter) -> Result<()> {
    let Letter { id, template, .. } = letter;
    let mailer = &session.atoll().mail;
    let sent = mailer.send(&letter.recipient, *template, &letter.values);
    if let Err(cause) = sent.await {
        // The claim has put the next try off already.
        let template = template.name();
        tracing::warn!(mail = id, template, cause, "not sent; it is tried again");
        return Ok(());
    }
    tracing::debug!(mail = id, template = template.name(), "sent");
    let this = Column::Id.eq(*id);
    let sent = async |tx: &Tx| scope::erase::<Entity>(tx, this.clone()).await.map(drop);
    session.write(sent).await
}

/// The first letter for this sender, put off as if sending it failed: so that no other takes it, and a crash loses nothing.
async fn claim(tx: &Tx, sender: Sender, checksums: &Secret) -> Result<Option<Claim>> {
    let mut due = scope::plain::<Entity>().filter(Column::NextAttemptAt.lte(now()));
    if sender == Sender::UrgentFirst {
        due = due.order_by_asc(urgency());
    }
    let due = due
        .order_by_asc(Column::NextAttemptAt)
        .order_by_asc(Column::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(mail) = due.one(tx).await? else {
        return Ok(None);
    };
    let this = Column::Id.eq(mail.id);
    if mail.attempts > 0 && mail.created_at < now() - GIVEN_UP {
        scope::erase::<Entity>(tx, this).await?;
        return Ok(Some(Claim::GivenUp(mail)));
    }
    let Some(template) = Template::named(&mail.template) else {
        put_off(tx, &mail, mail.user_id).await?;
        return Ok(Some(Claim::Unknown(mail)));
    };
    let Some((user, letter)) = write(tx, &mail, template, checksums).await? else {
        scope::erase::<Entity>(tx, this).await?;
        return Ok(Some(Claim::Dropped));
    };
    put_off(tx, &mail, Some(user)).await?;
    Ok(Some(Claim::Send(letter)))
}

/// [`Template::urgency`] in SQL. Templates that only other versions know come last.
fn urgency() -> Expr {
    let last = CaseStatement::new().finally(Template::LAST);
    let case = |case: CaseStatement, template: Template| {
        case.case(Column::Template.eq(template.name()), template.urgency())
    };
    Template::ALL.into_iter().fold(last, case).into()
}

async fn put_off(tx: &Tx, mail: &Model, user: Option<i64>) -> Result<()> {
    let values = [
        (Column::UserId, Expr::val(user)),
        (Column::Attempts, Expr::val(mail.attempts + 1)),
        (
            Column::NextAttemptAt,
            Expr::val(now() + pause(mail.attempts)?),
        ),
    ];
    scope::update_plain::<Entity>(tx, Column::Id.eq(mail.id), values)
        .await
        .map(drop)
}

/// Each twice the one before.
fn pause(attempts: i32) -> Result<chrono::Duration> {
    let doubled = 1_u32.checked_shl(u32::try_from(attempts).unwrap_or_default());
    let pause = FIRST_PAUSE.checked_mul(doubled.unwrap_or(u32::MAX));
    let pause = pause.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
    chrono::Duration::from_std(pause).map_err(Error::internal)
}

/// None where nobody is to have it, any more or so soon.
async fn write(
    tx: &Tx,
    mail: &Model,
    template: Template,
    checksums: &Secret,
) -> Result<Option<(i64, Letter)>> {
    let Some(user) = addressee(tx, mail, template).await? else {
        return Ok(None);
    };
    let mut values = mail.data.clone();
    values["site"] = tx.atoll().mail.site().into();
    values["username"] = user.username.as_str().into();
    if let Some(purpose) = template.purpose() {
        if mail.attempts == 0 && !is_apart(tx, mail, template, user.id).await? {
            return Ok(None);
        }
        let holder = one_time::Holder {
            user_id: Some(user.id),
            email: Some(&mail.recipient),
        };
        let token = one_time::make(tx, purpose, holder, checksums).await?;
        let (site, page) = (tx.atoll().mail.site(), template.page());
        values["link"] = format!("{site}/{page}#token={}", token.expose_secret()).into();
        values["lifetime"] = words(purpose.lifetime()).into();
    }
    let letter = Letter {
        id: mail.id,
        // As the user wrote it, however it was asked for.
        recipient: match template {
            Template::Reset => user.email.clone(),
            _ => mail.recipient.clone(),
        },
        template,
        values,
    };
    Ok(Some((user.id, letter)))
}

/// The user whom it is for, locked: letters to one are written one after the other. None where they have no use for it.
async fn addressee(tx: &Tx, mail: &Model, template: Template) -> Result<Option<users::Model>> {
    let is_theirs = match (template, mail.user_id) {
        (Template::Reset, _) => users::Column::EmailKey.eq(key(&mail.recipient)),
        (_, Some(id)) => users::Column::Id.eq(id),
        (_, None) => return Ok(None),
    };
    let user = scope::all_live::<Users>()
        .filter(is_theirs)
        .filter(users::Column::IsActive.eq(true))
        .lock(LockType::NoKeyUpdate);
    let Some(user) = user.one(tx).await? else {
        return Ok(None);
    };
    let has_changed = key(&mail.recipient) != user.email_key;
    let is_late = template == Template::Verify && (has_changed || is_verified(tx, &user).await?);
    Ok((!is_late).then_some(user))
}

/// Whether the last letter of this kind is long enough ago. One of them stands for all that wait.
async fn is_apart(tx: &Tx, mail: &Model, template: Template, user: i64) -> Result<bool> {
    let Some(purpose) = template.purpose() else {
        return Ok(true);
    };
    let last = one_time::of_user(tx, user, purpose).await?;
    // What waits for the answer to an address has its token from the start: that one says nothing.
    let is_recent = last.is_some_and(|last| last.created_at > now() - APART);
    if template != Template::Address && is_recent {
        return Ok(false);
    }
    let others = Column::UserId.eq(user);
    let others = others.and(Column::Template.eq(template.name()));
    scope::erase::<Entity>(tx, others.and(Column::Id.ne(mail.id))).await?;
    Ok(true)
}

fn words(lifetime: Duration) -> String {
    match lifetime.as_secs() / 60 {
        minutes if minutes % 60 == 0 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}
