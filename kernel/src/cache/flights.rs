//! Loads that run now, so that concurrent callers share one.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

/// How long a caller waits for the load of another. After that it loads for itself.
const WAIT: Duration = Duration::from_secs(1);

/// The name of a value, and the number of changes before its load.
type Flight = (Box<str>, u64);
type Landing = watch::Receiver<Option<Arc<[u8]>>>;

#[derive(Debug, Default)]
pub struct Flights(Arc<Mutex<HashMap<Flight, Landing>>>);

pub enum Role {
    Leader(Leader),
    Follower(Follower),
}

/// The caller that loads.
pub struct Leader {
    flights: Arc<Mutex<HashMap<Flight, Landing>>>,
    flight: Flight,
    landing: watch::Sender<Option<Arc<[u8]>>>,
}

/// A caller that waits for the load of another.
pub struct Follower(Landing);

impl Flights {
    /// Joins the load of this value that began after the same changes, or begins one.
    pub fn join(&self, name: &str, since: u64) -> Role {
        let flight = (name.into(), since);
        let mut flights = lock(&self.0);
        if let Some(landing) = flights.get(&flight) {
            return Role::Follower(Follower(landing.clone()));
        }
        let (landing, receiver) = watch::channel(None);
        flights.insert(flight.clone(), receiver);
        Role::Leader(Leader {
            flights: self.0.clone(),
            flight,
            landing,
        })
    }
}

impl Leader {
    /// Gives the value to those who wait for it.
    pub fn land(self, json: Vec<u8>) {
        self.landing.send_replace(Some(json.into()));
    }
}

/// A load that failed or was cancelled ends without a value.
impl Drop for Leader {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.flight);
    }
}

impl Follower {
    /// Returns the value, or `None` if the load fails or takes too long.
    pub async fn value(mut self) -> Option<Arc<[u8]>> {
        let landed = timeout(WAIT, self.0.wait_for(Option::is_some)).await;
        landed.ok()?.ok()?.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
