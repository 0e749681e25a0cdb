//! A request occupies a slot from its beginning to the end of its work.
//!
//! A request that waits for its body, or for its turn among those of its user, has no place among the requests in flight.
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    net::{IpAddr, Ipv4Addr},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
};

use actix_web::{HttpMessage, HttpRequest};
use service::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::Problem;
use crate::{
    load::{Budget, Counted, Full, Held, Load, Sender, Turn},
    rate::Who,
};

/// Shared by the task that does the work, which releases it, and by the request.
#[derive(Clone)]
pub struct Slot(Rc<Shared>);

struct Shared {
    load: Load,
    places: Arc<Semaphore>,
    address: IpAddr,
    /// The user once there is one, else the address.
    caller: Cell<Who>,
    occupied: RefCell<Occupied>,
}

#[derive(Default)]
struct Occupied {
    begun: Option<OwnedSemaphorePermit>,
    place: Option<OwnedSemaphorePermit>,
    sender: Option<Counted<Sender>>,
    turn: Option<Turn>,
    bytes: Option<Held>,
}

/// A request that waits, and is counted as such until this is dropped.
struct Waiting {
    _of_all: OwnedSemaphorePermit,
    _of_address: Option<Counted<Who>>,
}

impl Slot {
    pub fn new(load: &Load, places: &Arc<Semaphore>, address: Option<IpAddr>) -> Self {
        let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        Self(Rc::new(Shared {
            load: load.clone(),
            places: places.clone(),
            address,
            caller: Cell::new(Who::at(address)),
            occupied: RefCell::default(),
        }))
    }

    /// The slot that the middleware gave this request.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let slot = request.extensions().get().cloned();
        slot.ok_or_else(|| Error::bug("the request has no slot").into())
    }

    /// Counts the request among those that have begun, and by its credential, before that is looked up, or by its address.
    /// Fails where there are too many.
    pub fn begin(&self, credential: Option<&[u8]>) -> Result<(), Problem> {
        let Shared { load, address, .. } = &*self.0;
        let sender = load.senders.take(load.sender(credential, *address));
        let sender = sender.ok_or_else(|| {
            Problem::busy("too many requests of yours are being worked on at once")
        })?;
        let begun = load.begun.clone().try_acquire_owned().map_err(full)?;
        let mut occupied = self.0.occupied.borrow_mut();
        (occupied.sender, occupied.begun) = (Some(sender), Some(begun));
        Ok(())
    }

    /// From here on bytes are counted for this user.
    pub fn belongs_to(&self, user_id: i64) {
        self.0.caller.set(Who::User(user_id));
    }

    pub fn caller(&self) -> Who {
        self.0.caller.get()
    }

    pub fn load(&self) -> &Load {
        &self.0.load
    }

    /// Waits until the user may have one more request worked on. Fails where that takes too long.
    pub async fn turn(&self, user_id: i64) -> Result<(), Problem> {
        let turn = async {
            let turn = self.0.load.turns.take(user_id).await;
            turn.ok_or_else(|| {
                Problem::busy("too many requests of this user are being worked on at once")
            })
        };
        let turn = self.aside(None, turn).await?;
        self.0.occupied.borrow_mut().turn = Some(turn);
        Ok(())
    }

    /// Waits for a body, as one of a bounded number of its address.
    pub async fn arrival<T>(
        &self,
        body: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.aside(Some(Who::at(self.0.address)), body).await
    }

    /// Bytes of a body, which stay held until the work is done.
    pub fn hold(&self, budget: &Budget, bytes: usize) -> Result<(), Problem> {
        let held = budget.hold(self.caller(), bytes).map_err(too_many_bytes)?;
        self.0.occupied.borrow_mut().bytes = Some(held);
        Ok(())
    }

    /// The same for the bytes that come next.
    pub fn hold_more(&self, bytes: usize) -> Result<(), Problem> {
        match &mut self.0.occupied.borrow_mut().bytes {
            Some(held) => held.grow(bytes).map_err(too_many_bytes),
            None => Ok(()),
        }
    }

    /// Gives back everything.
    pub fn release(&self) {
        self.0.occupied.take();
    }

    /// Has no place while it waits, unless what it waits for is there already.
    async fn aside<T>(
        &self,
        address: Option<Who>,
        wait: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let mut wait = pin!(wait);
        let at_once = poll_fn(|context| Poll::Ready(wait.as_mut().poll(context))).await;
        if let Poll::Ready(done) = at_once {
            return done;
        }
        let _waiting = self.step_aside(address)?;
        let done = wait.await?;
        self.step_in()?;
        Ok(done)
    }

    fn step_aside(&self, address: Option<Who>) -> Result<Waiting, Problem> {
        let load = &self.0.load;
        let of_address = match address {
            Some(address) => Some(load.arriving.take(address).ok_or_else(|| {
                Problem::busy("too many requests of yours have a body that has not arrived")
            })?),
            None => None,
        };
        let of_all = load.waiting.clone().try_acquire_owned().map_err(full)?;
        self.0.occupied.borrow_mut().place = None;
        Ok(Waiting {
            _of_all: of_all,
            _of_address: of_address,
        })
    }

    /// Takes a place. Fails where there is none.
    pub fn step_in(&self) -> Result<(), Problem> {
        let place = self.0.places.clone().try_acquire_owned().map_err(full)?;
        self.0.occupied.borrow_mut().place = Some(place);
        Ok(())
    }
}

fn full(_: TryAcquireError) -> Problem {
    Problem::unavailable("this server")
}

fn too_many_bytes(full: Full) -> Problem {
    match full {
        Full::OfAll => Problem::unavailable("the memory for request bodies"),
        Full::OfCaller => Problem::busy("the bodies of your requests are too large together"),
    }
}
