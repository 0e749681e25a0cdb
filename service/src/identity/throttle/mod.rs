//! Throttling of guesses: failed attempts are counted, and repeated failures have to wait. No attacker can lock others out.
//!
//! A sign-in counts for its network, for the account that it names (existing or not), and for the pair of both. Waits
//! belong to a network, never to an account: if an account has many failures, each network that is new to it has to wait
//! once, for [`ATTACK_WAIT`], whatever other networks do. A known device has a counter of its own. A new password of the
//! account ends the waits of its pairs and devices.
//!
//! An attempt is counted before its result is known, by the statement that also checks for a wait. Concurrent attempts
//! therefore get no more guesses than sequential ones. A success is taken back.
mod counter;
mod kind;

use ::entity::users::Model;
use tokio::sync::OwnedSemaphorePermit;

use counter::{Counter, Reserved};
use kind::Kind;

use super::device;
use crate::identity::Identity;
use crate::{identity::key, identity::users::key as comparison_key};
use kernel::{Code, Error, Origin, Reads, Result, Session, Tx, actor::Credential, secret::Secret};

pub use kind::ATTACK_WAIT;

/// The subject of an attempt.
pub enum Subject<'a> {
    /// A sign-in: the login that was sent, and its user if one exists.
    SignIn(&'a str, Option<&'a Model>),
    /// A check of a secret of the signed-in caller, with its name. Each session and each key has its own counter.
    Secret(&'static str),
}

impl Subject<'_> {
    /// What failed, as in "too many failed sign-ins".
    fn failures(&self) -> &'static str {
        match self {
            Self::SignIn(..) => "failed sign-ins",
            Self::Secret("otp") => "wrong codes",
            Self::Secret(_) => "wrong passwords",
        }
    }
}

/// A permitted attempt. It counts as a failure until it is reported as a success.
#[derive(Debug)]
#[must_use = "an attempt counts as a failure until it succeeds"]
pub struct Attempt {
    reserved: Vec<Reserved>,
    _permit: OwnedSemaphorePermit,
}

/// Counts an attempt. Fails with [`Error::TooManyFailures`] if the caller has to wait, and with [`Error::Unavailable`] if too
/// many attempts are running; then it does not count.
pub async fn attempt(session: &Session, subject: &Subject<'_>) -> Result<Attempt> {
    let key = key(&session.kernel, "throttle").await?;
    let counters = counters(session, subject, &key).await?;
    let what = subject.failures();
    // A caller who has to wait must not take the write lock.
    if let Some(wait) = counter::longest_wait(session.db()?, &counters).await? {
        return Err(Error::TooManyFailures { what, wait });
    }
    // The limit comes before counting: otherwise rejected sign-ins of an overloaded server would look like an attack.
    let limit = session.state::<Identity>().attempts.clone();
    let permit = limit.try_acquire_owned();
    let permit = permit.map_err(|_full| Error::Unavailable("signing in", None))?;
    let reserved = session.write_if(async |tx| reserve(tx, &counters, what).await);
    Ok(Attempt {
        reserved: reserved.await??,
        _permit: permit,
    })
}

impl Attempt {
    /// Returns true if this is a sign-in from a known device.
    pub fn is_from_known_device(&self) -> bool {
        let mut kinds = self.reserved.iter().map(|reserved| reserved.kind);
        kinds.any(|kind| kind == Kind::Device)
    }

    /// Reports a success: shared counters take the failure back, the others are deleted.
    pub async fn succeed(&self, tx: &Tx) -> Result<()> {
        for reserved in &self.reserved {
            if reserved.kind.is_shared() {
                reserved.refund(tx).await?;
            } else {
                reserved.clear(tx).await?;
            }
        }
        Ok(())
    }

    /// Reports a success in a transaction of its own.
    pub async fn succeeded(&self, session: &Session) -> Result<()> {
        session.write(async |tx| self.succeed(tx).await).await
    }

    /// Takes the failure back if the attempt could not be made, because the server was too busy or a right password needs
    /// a code too. Returns the result unchanged.
    pub async fn refund_if_untried<T>(&self, session: &Session, tried: Result<T>) -> Result<T> {
        let is_untried = |error: &Error| match error {
            Error::Unavailable(..)
            | Error::QueryTimeout(_)
            | Error::Storage(..)
            | Error::ReadOnly(_)
            | Error::Contended(_) => true,
            Error::SecondFactor(code) => *code == Code::OtpRequired,
            _ => false,
        };
        if tried.as_ref().is_err_and(is_untried) {
            let refunded = session.write(async |tx| {
                for reserved in &self.reserved {
                    reserved.refund(tx).await?;
                }
                Ok(())
            });
            if let Err(error) = refunded.await {
                tracing::debug!(%error, "could not undo a failure that was counted in advance");
            }
        }
        tried
    }
}

/// The counters of an attempt. Their order is fixed, so that two attempts cannot deadlock.
async fn counters(session: &Session, subject: &Subject<'_>, key: &Secret) -> Result<Vec<Counter>> {
    let count = |kind, parts: &[&[u8]]| Counter::new(key, kind, parts);
    let (name, subject, user) = match *subject {
        Subject::SignIn(login, user) => ("sign-in", comparison_key(login), user),
        Subject::Secret(name) => {
            let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
            let credential = match caller.credential {
                Credential::Session(id) => format!("session {id}"),
                Credential::ApiKey(id) => format!("key {id}"),
            };
            return Ok(vec![count(
                Kind::Own,
                &[name.as_bytes(), credential.as_bytes()],
            )]);
        }
    };
    if let Some(user) = user
        && let Some(device) = device::find_known(session, user).await?
    {
        let id = user.id.to_be_bytes();
        return Ok(vec![count(Kind::Device, &[device.as_bytes(), &id])]);
    }
    // An existing account is counted by its id: otherwise its username and its address would each give all guesses.
    let subject = match user {
        Some(user) => [b"user".as_slice(), &user.id.to_be_bytes()].concat(),
        None => [b"name".as_slice(), subject.as_bytes()].concat(),
    };
    let (name, subject) = (name.as_bytes(), subject.as_slice());
    let networks = networks(session.origin());
    let [site, network] = &networks;
    let mut all = Vec::with_capacity(4);
    if site != network {
        all.push(count(Kind::Site, &[name, site]));
    }
    all.push(count(Kind::Network, &[name, network]));
    all.push(count(Kind::Account, &[name, subject]));
    // A new password ends the wait of its owner, who has no other way to do that.
    let password = user.map_or("", |user| user.password_hash.as_str());
    all.push(count(
        Kind::Pair,
        &[name, network, subject, password.as_bytes()],
    ));
    Ok(all)
}

/// The site and the network of an address: the first 48 and 64 bits of an IPv6 address, twice the whole IPv4 address.
fn networks(origin: &Origin) -> [Vec<u8>; 2] {
    match origin.address.map(|address| address.to_canonical()) {
        Some(std::net::IpAddr::V6(address)) => {
            let octets = address.octets();
            [octets[..6].to_vec(), octets[..8].to_vec()]
        }
        Some(std::net::IpAddr::V4(address)) => [(); 2].map(|()| address.octets().to_vec()),
        None => [Vec::new(), Vec::new()],
    }
}

/// Counts a failure in all counters, or returns how long to wait. The flag says whether to commit.
async fn reserve(
    tx: &Tx,
    counters: &[Counter],
    what: &'static str,
) -> Result<(Result<Vec<Reserved>>, bool)> {
    let mut all = Vec::with_capacity(counters.len());
    let mut is_under_attack = false;
    for counter in counters {
        let Some(reserved) = counter.count(tx).await? else {
            // A concurrent attempt set a wait. This one counts nowhere.
            let wait = counter::longest_wait(tx, counters)
                .await?
                .unwrap_or_default();
            return Ok((Err(Error::TooManyFailures { what, wait }), false));
        };
        is_under_attack |=
            counter.kind == Kind::Account && reserved.failures > kind::ATTACK_THRESHOLD;
        if is_under_attack && counter.kind == Kind::Pair && reserved.failures == 1 {
            counter.block(tx, ATTACK_WAIT).await?;
            let wait = ATTACK_WAIT;
            return Ok((Err(Error::TooManyFailures { what, wait }), true));
        }
        all.push(reserved);
    }
    Ok((Ok(all), true))
}
