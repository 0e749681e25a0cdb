//! Rate limits, counted on this node or, if Redis is configured and available, over all nodes.
mod bucket;
mod local;
mod settings;
mod shared;

pub use bucket::{Bucket, CallerKey, Policy, Quota, Verdict, seconds};
pub use settings::{RateSettings, RedisSettings};

use std::sync::Arc;

use kernel::metrics;
use local::Local;
use shared::Shared;

/// Counts requests.
trait Counter {
    /// Takes one request out of a bucket, unless it is empty. Returns `None` if it cannot count at the moment.
    async fn take(&self, bucket: Bucket, quota: Quota) -> Option<Verdict>;
}

/// Makes the counters of all policies, so that each begins with 0.
fn refusals() -> metrics::Counters {
    let refused = metrics::Counters::default();
    for policy in [Policy::SignedIn, Policy::Anonymous, Policy::Auth] {
        drop(refused.get_or_create(&[("policy", policy.name())]));
    }
    refused
}

/// All rate limits of a server. It is cheap to clone.
#[derive(Clone)]
pub struct Limiter(Arc<Counters>);

struct Counters {
    settings: RateSettings,
    local: Local,
    shared: Option<Shared>,
    /// Requests beyond the limit, by policy.
    refused: metrics::Counters,
}

impl Limiter {
    /// Connects to Redis in the background, if it is configured. Fails on an invalid URL.
    pub fn start(settings: &RateSettings, redis: &RedisSettings) -> std::io::Result<Self> {
        let shared = redis.url.as_ref().map(Shared::start).transpose()?;
        Ok(Self(Arc::new(Counters {
            local: Local::new(settings),
            settings: settings.clone(),
            shared,
            refused: refusals(),
        })))
    }

    /// Returns `None` if requests like this one are not limited.
    ///
    /// While Redis is unavailable, each node counts for itself: the limit then applies to each node.
    pub async fn take(&self, bucket: Bucket) -> Option<Verdict> {
        let Counters {
            settings,
            local,
            shared,
            refused,
        } = &*self.0;
        let quota = settings.quota(bucket.policy)?;
        let counted = match shared {
            Some(shared) => shared.take(bucket, quota).await,
            None => None,
        };
        let verdict = match counted {
            Some(verdict) => verdict,
            None => local.take(bucket, quota).await?,
        };
        if verdict.wait.is_some() {
            let policy = [("policy", bucket.policy.name())];
            refused.get_or_create(&policy).inc();
        }
        Some(verdict)
    }

    /// Returns the counters of the requests beyond the limit.
    pub(crate) fn refused(&self) -> metrics::Counters {
        self.0.refused.clone()
    }
}
