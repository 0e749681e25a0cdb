//! How many requests may come, counted on this node or, where Redis is configured and answers, over all of them.
mod bucket;
mod local;
mod settings;
mod shared;

use std::sync::Arc;

pub use bucket::{Bucket, Policy, Quota, Verdict, Who, seconds};
pub use settings::{RateSettings, RedisSettings};

use local::Local;
use shared::Shared;

/// What counts. None where it cannot tell at the moment.
trait Counter {
    /// Takes one request out of a bucket, unless it is empty.
    async fn take(&self, bucket: Bucket, quota: Quota) -> Option<Verdict>;
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Limiter(Arc<Counters>);

struct Counters {
    settings: RateSettings,
    local: Local,
    shared: Option<Shared>,
}

impl Limiter {
    /// Connects to Redis in the background, where there is one. Fails on a URL that cannot be read.
    pub fn start(settings: &RateSettings, redis: &RedisSettings) -> std::io::Result<Self> {
        let shared = redis.url.as_ref().map(Shared::start).transpose()?;
        Ok(Self(Arc::new(Counters {
            local: Local::new(settings),
            settings: settings.clone(),
            shared,
        })))
    }

    /// None where requests like this one are not limited.
    ///
    /// While Redis is away each node counts for itself: more may come in all then, but never without a bound.
    pub async fn take(&self, bucket: Bucket) -> Option<Verdict> {
        let Counters {
            settings,
            local,
            shared,
        } = &*self.0;
        let quota = settings.quota(bucket.policy)?;
        if let Some(shared) = shared
            && let Some(verdict) = shared.take(bucket, quota).await
        {
            return Some(verdict);
        }
        local.take(bucket, quota).await
    }
}
