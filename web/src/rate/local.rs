//! Counts requests on this node, in bounded memory.
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use governor::{
    RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::{
        StateStore,
        keyed::{DashMapStateStore, ShrinkableKeyedStateStore},
    },
};

use super::{Bucket, CallerKey, Counter, Policy, Quota, RateSettings, Verdict};

/// Buckets of a policy at a time, some 100 bytes each. Further callers share buckets.
const MAX_BUCKETS: usize = 50_000;

/// Buckets that are shared by the callers beyond the limit.
const SHARED_BUCKETS: u16 = 1_024;

/// Full buckets are removed every this many requests.
const SWEEP_INTERVAL: usize = 1_024;

type Buckets = RateLimiter<CallerKey, Bounded, DefaultClock, StateInformationMiddleware>;

pub struct Local {
    signed_in: Option<Buckets>,
    anonymous: Option<Buckets>,
    auth: Option<Buckets>,
    taken: AtomicUsize,
}

impl Local {
    pub fn new(settings: &RateSettings) -> Self {
        let buckets = |policy| {
            let quota = settings.quota(policy)?;
            let each = governor::Quota::with_period(quota.interval())?;
            let quota = each.allow_burst(quota.requests);
            let (store, clock) = (Bounded::default(), DefaultClock::default());
            Some(Buckets::new(quota, store, clock))
        };
        Self {
            signed_in: buckets(Policy::SignedIn),
            anonymous: buckets(Policy::Anonymous),
            auth: buckets(Policy::Auth),
            taken: AtomicUsize::new(0),
        }
    }

    fn buckets(&self, policy: Policy) -> Option<&Buckets> {
        match policy {
            Policy::SignedIn => self.signed_in.as_ref(),
            Policy::Anonymous => self.anonymous.as_ref(),
            Policy::Auth => self.auth.as_ref(),
        }
    }

    fn sweep(&self) {
        let all = [&self.signed_in, &self.anonymous, &self.auth];
        for buckets in all.into_iter().flatten() {
            buckets.retain_recent();
        }
    }
}

impl Counter for Local {
    async fn take(&self, Bucket { policy, caller }: Bucket, quota: Quota) -> Option<Verdict> {
        if self.taken.fetch_add(1, Relaxed) % SWEEP_INTERVAL == SWEEP_INTERVAL - 1 {
            self.sweep();
        }
        let buckets = self.buckets(policy)?;
        let (remaining, wait) = match buckets.check_key(&caller) {
            Ok(left) => (left.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(buckets.clock().now()))),
        };
        Some(Verdict {
            policy,
            quota,
            remaining,
            wait,
        })
    }
}

/// A store with a limited number of keys, so that a client with ever new addresses cannot fill the memory.
#[derive(Default)]
struct Bounded(DashMapStateStore<CallerKey>);

impl StateStore for Bounded {
    type Key = CallerKey;

    fn measure_and_replace<T, F, E>(&self, caller: &CallerKey, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let is_counted = self.0.contains_key(caller) || self.0.len() < MAX_BUCKETS;
        let caller = if is_counted {
            *caller
        } else {
            shared_bucket(caller)
        };
        self.0.measure_and_replace(&caller, measure)
    }
}

impl ShrinkableKeyedStateStore<CallerKey> for Bounded {
    fn retain_recent(&self, drop_below: Nanos) {
        ShrinkableKeyedStateStore::retain_recent(&self.0, drop_below);
    }

    fn shrink_to_fit(&self) {
        self.0.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn shared_bucket(caller: &CallerKey) -> CallerKey {
    let mut hasher = DefaultHasher::new();
    caller.hash(&mut hasher);
    let [low, high, ..] = hasher.finish().to_le_bytes();
    CallerKey::Shared(u16::from_le_bytes([low, high]) % SHARED_BUCKETS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        Bucket, CallerKey, Counter, Local, MAX_BUCKETS, Policy, Quota, RateSettings, SHARED_BUCKETS,
    };

    fn settings(anonymous: u32) -> RateSettings {
        RateSettings {
            signed_in: 0,
            anonymous,
            auth: 0,
            per: Duration::from_hours(24),
        }
    }

    async fn take(local: &Local, quota: Quota, address: u32) -> bool {
        let bucket = Bucket {
            policy: Policy::Anonymous,
            caller: CallerKey::V4(address),
        };
        let verdict = local.take(bucket, quota).await.unwrap();
        verdict.wait.is_none()
    }

    #[actix_web::test]
    async fn memory_is_bounded_and_every_caller_is_limited() {
        let settings = settings(1);
        let quota = settings.quota(Policy::Anonymous).unwrap();
        let local = Local::new(&settings);
        let all = u32::try_from(MAX_BUCKETS).unwrap() + 4 * u32::from(SHARED_BUCKETS);

        let mut accepted = 0;
        for address in 0..all {
            accepted += usize::from(take(&local, quota, address).await);
        }

        let limit = MAX_BUCKETS + usize::from(SHARED_BUCKETS);
        assert!(local.anonymous.as_ref().unwrap().len() <= limit);
        assert!((MAX_BUCKETS..=limit).contains(&accepted), "{accepted}");
        assert!(!take(&local, quota, all - 1).await);
        assert!(!take(&local, quota, 0).await);
    }

    #[actix_web::test]
    async fn full_buckets_are_removed() {
        let mut settings = settings(1);
        settings.per = Duration::from_nanos(1);
        let quota = settings.quota(Policy::Anonymous).unwrap();
        let local = Local::new(&settings);

        for address in 0..10_000 {
            take(&local, quota, address).await;
        }

        assert!(local.anonymous.as_ref().unwrap().len() <= super::SWEEP_INTERVAL);
    }
}
