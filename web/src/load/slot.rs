//! The slot of a request: the permits and the memory that it holds until its work ends.
//!
//! A request that waits for its body, or for its turn among its user's requests, holds no permit of the requests in flight.
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
use kernel::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Counted, Held, LimitReached, Load, MemoryBudget, Sender, Turn};
use crate::{problem::Problem, rate::CallerKey};

/// The slot is shared by the request and by the task that does the work and releases it.
#[derive(Clone)]
pub struct Slot(Rc<Shared>);

struct Shared {
    load: Load,
    permits: Arc<Semaphore>,
    address: IpAddr,
    /// The address, and the user as soon as it is known.
    caller: Cell<CallerKey>,
    held: RefCell<Resources>,
}

#[derive(Default)]
struct Resources {
    begun: Option<OwnedSemaphorePermit>,
    permit: Option<OwnedSemaphorePermit>,
    sender: Option<Counted<Sender>>,
    turn: Option<Turn>,
    bytes: Option<Held>,
}

/// Counts a waiting request until it is dropped.
struct Waiting {
    _all: OwnedSemaphorePermit,
    _address: Option<Counted<CallerKey>>,
}

impl Slot {
    pub fn new(load: &Load, permits: &Arc<Semaphore>, address: Option<IpAddr>) -> Self {
        let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        Self(Rc::new(Shared {
            load: load.clone(),
            permits: permits.clone(),
            address,
            caller: Cell::new(CallerKey::for_address(address)),
            held: RefCell::default(),
        }))
    }

    /// Returns the slot that the middleware created for this request.
    pub fn from_request(request: &HttpRequest) -> Result<Self, Problem> {
        let slot = request.extensions().get().cloned();
        slot.ok_or_else(|| Error::bug("the request has no slot").into())
    }

    /// Counts the request among all that have begun, and for its credential, which is not verified yet, or its address.
    /// Fails if there are too many.
    pub fn begin(&self, credential: Option<&[u8]>) -> Result<(), Problem> {
        let Shared { load, address, .. } = &*self.0;
        let sender = load.senders.take(load.sender(credential, *address));
        let sender = sender.ok_or_else(|| {
            load.count_refused("load.requests_per_caller");
            Problem::busy("you have too many requests running")
        })?;
        let begun = load.begun.clone().try_acquire_owned();
        let begun = begun.map_err(|_| full(load, "server.max_in_flight"))?;
        let mut resources = self.0.held.borrow_mut();
        (resources.sender, resources.begun) = (Some(sender), Some(begun));
        Ok(())
    }

    /// Counts bytes for this user from now on.
    pub fn set_user(&self, user_id: i64) {
        self.0.caller.set(CallerKey::User(user_id));
    }

    pub fn caller(&self) -> CallerKey {
        self.0.caller.get()
    }

    pub fn load(&self) -> &Load {
        &self.0.load
    }

    /// Waits until the user may run one more request. Fails if that takes too long.
    pub async fn wait_for_turn(&self, user_id: i64) -> Result<(), Problem> {
        let turn = async {
            let turn = self.0.load.turns.take(user_id).await;
            turn.ok_or_else(|| {
                self.0.load.count_refused("load.running_per_user");
                Problem::busy("this user has too many requests running")
            })
        };
        let turn = self.wait_without_permit(None, turn).await?;
        self.0.held.borrow_mut().turn = Some(turn);
        Ok(())
    }

    /// Waits for a body. The number of waiting requests per address is limited.
    pub async fn wait_for_body<T>(
        &self,
        body: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let address = CallerKey::for_address(self.0.address);
        self.wait_without_permit(Some(address), body).await
    }

    /// Reserves memory for a body until the work is done.
    pub fn reserve(&self, budget: &MemoryBudget, bytes: usize) -> Result<(), Problem> {
        let held = budget.hold(self.caller(), bytes);
        let held = held.map_err(|limit| self.too_many_bytes(limit))?;
        self.0.held.borrow_mut().bytes = Some(held);
        Ok(())
    }

    /// Reserves more memory for the same body.
    pub fn reserve_more(&self, bytes: usize) -> Result<(), Problem> {
        match &mut self.0.held.borrow_mut().bytes {
            Some(held) => held.grow(bytes).map_err(|limit| self.too_many_bytes(limit)),
            None => Ok(()),
        }
    }

    /// Releases everything that the slot holds.
    pub fn release(&self) {
        self.0.held.take();
    }

    /// Gives the permit back while it waits, unless the result is ready at once.
    async fn wait_without_permit<T>(
        &self,
        address: Option<CallerKey>,
        wait: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let mut wait = pin!(wait);
        let first_poll = poll_fn(|context| Poll::Ready(wait.as_mut().poll(context))).await;
        if let Poll::Ready(done) = first_poll {
            return done;
        }
        let _waiting = self.release_permit(address)?;
        let done = wait.await?;
        self.acquire_permit()?;
        Ok(done)
    }

    /// Gives the permit back and counts the request as waiting. Fails if too many are waiting.
    fn release_permit(&self, address: Option<CallerKey>) -> Result<Waiting, Problem> {
        let load = &self.0.load;
        let address = match address {
            Some(address) => Some(load.arriving.take(address).ok_or_else(|| {
                load.count_refused("load.waiting_per_address");
                Problem::busy("too many of your requests are waiting for their bodies")
            })?),
            None => None,
        };
        let all = load.waiting.clone().try_acquire_owned();
        let all = all.map_err(|_| full(load, "load.waiting"))?;
        self.0.held.borrow_mut().permit = None;
        Ok(Waiting {
            _all: all,
            _address: address,
        })
    }

    /// Takes a permit. Fails if there is none.
    pub fn acquire_permit(&self) -> Result<(), Problem> {
        let permit = self.0.permits.clone().try_acquire_owned();
        let permit = permit.map_err(|_| full(&self.0.load, "server.max_in_flight"))?;
        self.0.held.borrow_mut().permit = Some(permit);
        Ok(())
    }

    fn too_many_bytes(&self, limit: LimitReached) -> Problem {
        self.0.load.count_refused("load.body_bytes");
        match limit {
            LimitReached::Total => Problem::overloaded("the memory for request bodies is full"),
            LimitReached::PerCaller => {
                Problem::busy("the bodies of your running requests are too large in total")
            }
        }
    }
}

fn full(load: &Load, limit: &'static str) -> Problem {
    load.count_refused(limit);
    Problem::overloaded("this server has too many requests running")
}
