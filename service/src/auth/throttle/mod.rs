//! Guessing costs time: what fails is counted, and who failed often has to wait. Nobody makes others wait for good.
//!
//! Counted are, for a sign-in, the network that it comes from, the account that it names (there or not), and the two
//! together. Waits belong to a network, never to an account: where many failed on one account, each network that is new to
//! it has to wait once, for [`TICKET`], whatever others do meanwhile. A device that signed in before counts for itself.
//!
//! An attempt is counted before anybody knows how it ends, in the statement that also looks whether it may be made: of
//! many at once no more pass than one after the other. What succeeds is taken back.
mod counter;
mod kind;

use ::entity::users::Model;
use tokio::sync::OwnedSemaphorePermit;

use counter::{Counter, Reserved};
use kind::Kind;

use super::device;
use crate::{
    Application, Error, Origin, Reads, Result, Session, Tx, actor::Credential, auth::key,
    secret::Secret, users::key as normalised,
};

pub use kind::TICKET;

/// What is attempted.
pub enum Subject<'a> {
    /// A sign-in: what was typed, and who that is.
    SignIn(&'a str, Option<&'a Model>),
    /// What only they may try who are signed in, once more for each sign-in: under which name.
    Own(&'static str),
}

/// An attempt that may be made, and counts as a failure until it is said that it was none.
#[derive(Debug)]
#[must_use = "it counts as a failure until it succeeds"]
pub struct Attempt {
    reserved: Vec<Reserved>,
    _place: OwnedSemaphorePermit,
}

/// Counts an attempt. Fails with [`Error::RateLimited`] where it may not be made yet, and with [`Error::Unavailable`]
/// where too many are made at the moment; then it does not count.
pub async fn attempt(session: &Session, subject: &Subject<'_>) -> Result<Attempt> {
    let key = key(&session.kernel, "throttle").await?;
    let counters = counters(session, subject, &key).await?;
    // Whoever has to wait must not keep others from writing.
    if let Some(wait) = counter::wait(session.db()?, &counters).await? {
        return Err(Error::RateLimited(wait));
    }
    // Before it counts: were all counted that there is no time for, the good ones among them would look like an attack.
    let places = session.atoll().attempts.clone();
    let place = places.try_acquire_owned();
    let place = place.map_err(|_full| Error::Unavailable("signing in", None))?;
    let reserved = session.write_if(async |tx| reserve(tx, &counters).await);
    Ok(Attempt {
        reserved: reserved.await??,
        _place: place,
    })
}

impl Attempt {
    /// Whether it is a sign-in from a device that the user signed in from before.
    pub fn is_from_known_device(&self) -> bool {
        let mut kinds = self.reserved.iter().map(|reserved| reserved.kind);
        kinds.any(|kind| kind == Kind::Device)
    }

    /// It was no failure. What it counted for alone begins anew.
    pub async fn succeed(&self, tx: &Tx) -> Result<()> {
        for reserved in &self.reserved {
            match reserved.kind.is_shared() {
                true => reserved.give_back(tx).await?,
                false => reserved.clear(tx).await?,
            }
        }
        Ok(())
    }

    /// The same, alone.
    pub async fn succeeded(&self, session: &Session) -> Result<()> {
        session.write(async |tx| self.succeed(tx).await).await
    }

    /// What could not be tried, as the server was too busy or a right password wants a code too, was no failure either.
    pub async fn unless_untried<T>(&self, session: &Session, tried: Result<T>) -> Result<T> {
        let is_untried = |error: &Error| match error {
            Error::Unavailable(..)
            | Error::QueryTimeout(_)
            | Error::Storage(..)
            | Error::Contended(_) => true,
            Error::SecondFactor(code) => *code == "otp_required",
            _ => false,
        };
        if tried.as_ref().is_err_and(is_untried) {
            let given_back = session.write(async |tx| {
                for reserved in &self.reserved {
                    reserved.give_back(tx).await?;
                }
                Ok(())
            });
            if let Err(error) = given_back.await {
                tracing::debug!(%error, "an attempt that was not made stays counted");
            }
        }
        tried
    }
}

/// Always in the same order: two attempts must not wait for each other.
async fn counters(session: &Session, subject: &Subject<'_>, key: &Secret) -> Result<Vec<Counter>> {
    let count = |kind, parts: &[&[u8]]| Counter::new(key, kind, parts);
    let (name, subject, user) = match *subject {
        Subject::SignIn(login, user) => ("sign-in", normalised(login), user),
        Subject::Own(name) => {
            let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
            let whose = match caller.credential {
                Credential::Session(id) => format!("session {id}"),
                Credential::ApiKey(id) => format!("key {id}"),
            };
            return Ok(vec![count(Kind::Own, &[name.as_bytes(), whose.as_bytes()])]);
        }
    };
    if let Some(user) = user
        && let Some(device) = device::known(session, user).await?
    {
        let id = user.id.to_be_bytes();
        return Ok(vec![count(Kind::Device, &[device.as_bytes(), &id])]);
    }
    // By the user where there is one: else each of their names would give as many guesses.
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
    all.push(count(Kind::Pair, &[name, network, subject]));
    Ok(all)
}

/// What an operator gives to a site, and what a client has for itself: of IPv6 48 and 64 bits, of IPv4 the address.
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

/// All of them, or how long to wait; and whether what was written is to stay.
async fn reserve(tx: &Tx, counters: &[Counter]) -> Result<(Result<Vec<Reserved>>, bool)> {
    let mut all = Vec::with_capacity(counters.len());
    let mut is_attacked = false;
    for counter in counters {
        let Some(reserved) = counter.add(tx).await? else {
            // Another attempt was faster. This one counts nowhere.
            let wait = counter::wait(tx, counters).await?.unwrap_or_default();
            return Ok((Err(Error::RateLimited(wait)), false));
        };
        is_attacked |= counter.kind == Kind::Account && reserved.failures > kind::ATTACK;
        if is_attacked && counter.kind == Kind::Pair && reserved.failures == 1 {
            counter.block(tx, TICKET).await?;
            return Ok((Err(Error::RateLimited(TICKET)), true));
        }
        all.push(reserved);
    }
    Ok((Ok(all), true))
}
