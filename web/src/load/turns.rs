//! Limits the running and the waiting requests of each user.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::LoadSettings;

#[derive(Clone)]
pub struct Turns(Arc<Shared>);

struct Shared {
    /// 0 means no limit.
    running: usize,
    waiting: usize,
    max_wait: Duration,
    users: Mutex<HashMap<i64, Arc<Queue>>>,
}

struct Queue {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// One of a user's running requests, until it is dropped.
pub struct Turn {
    // Fields are dropped in this order: the queue may be removed only after the permit is returned.
    _running: Option<OwnedSemaphorePermit>,
    _queue: Option<QueueRef>,
}

/// A reference to a user's queue, which is removed with its last reference.
struct QueueRef {
    id: i64,
    queue: Option<Arc<Queue>>,
    turns: Turns,
}

impl Turns {
    pub fn new(settings: &LoadSettings) -> Self {
        Self(Arc::new(Shared {
            running: settings.running_per_user,
            waiting: settings.waiting_per_user,
            max_wait: settings.user_wait,
            users: Mutex::default(),
        }))
    }

    /// Returns `None` if too many requests of this user are waiting, or this one has waited too long.
    pub async fn take(&self, id: i64) -> Option<Turn> {
        if self.0.running == 0 {
            return Some(Turn {
                _running: None,
                _queue: None,
            });
        }
        let queue_ref = self.queue_ref(id);
        let queue = queue_ref.queue.clone()?;
        let running = if let Ok(free) = queue.running.clone().try_acquire_owned() {
            free
        } else {
            let _waiting = queue.waiting.try_acquire().ok()?;
            let turn = queue.running.clone().acquire_owned();
            timeout(self.0.max_wait, turn).await.ok()?.ok()?
        };
        Some(Turn {
            _running: Some(running),
            _queue: Some(queue_ref),
        })
    }

    fn queue_ref(&self, id: i64) -> QueueRef {
        let queue = || {
            Arc::new(Queue {
                running: Arc::new(Semaphore::new(self.0.running)),
                waiting: Arc::new(Semaphore::new(self.0.waiting)),
            })
        };
        let queue = self.lock().entry(id).or_insert_with(queue).clone();
        QueueRef {
            id,
            queue: Some(queue),
            turns: self.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Arc<Queue>>> {
        self.0.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueueRef {
    fn drop(&mut self) {
        let mut users = self.turns.lock();
        self.queue = None;
        let is_unused = |queue: &Arc<Queue>| Arc::strong_count(queue) == 1;
        if users.get(&self.id).is_some_and(is_unused) {
            users.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Turns;
    use crate::load::LoadSettings;

    fn turns(running: usize, waiting: usize, wait: Duration) -> Turns {
        Turns::new(&LoadSettings {
            running_per_user: running,
            waiting_per_user: waiting,
            user_wait: wait,
            ..LoadSettings::default()
        })
    }

    #[actix_web::test]
    async fn a_request_is_refused_at_once_when_the_queue_is_full() {
        let turns = turns(1, 1, Duration::from_mins(1));
        let first = turns.take(1).await.unwrap();
        let second = actix_web::rt::spawn({
            let turns = turns.clone();
            async move { turns.take(1).await.is_some() }
        });
        tokio::task::yield_now().await;

        assert!(turns.take(1).await.is_none());
        assert!(turns.take(2).await.is_some());
        drop(first);
        assert!(second.await.unwrap());
        assert!(turns.lock().is_empty());
    }

    #[actix_web::test]
    async fn a_request_that_has_waited_too_long_is_refused() {
        let turns = turns(1, 1, Duration::from_millis(1));
        let first = turns.take(1).await;

        assert!(turns.take(1).await.is_none());
        drop(first);
        assert!(turns.take(1).await.is_some());
        assert!(turns.lock().is_empty());
    }
}
