//! A bucket of requests, which has a capacity and refills evenly (GCRA, a leaky bucket as a meter), and its headers.
use std::{fmt, net::IpAddr, num::NonZeroU32, time::Duration};

use kernel::{Actor, actor::Credential};

/// The rate limit that applies to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    SignedIn,
    Anonymous,
    /// All requests under `/auth`.
    Auth,
}

/// Identifies a caller: by user, API key or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerKey {
    User(i64),
    ApiKey(i64),
    V4(u32),
    /// The first 64 bits of an IPv6 address, because one household or machine usually has all addresses with these bits.
    V6(u64),
    /// The number of a bucket that several callers share, because there are too many to count each.
    Shared(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    pub policy: Policy,
    pub caller: CallerKey,
}

/// A burst of `requests`, which refills within `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub requests: NonZeroU32,
    pub per: Duration,
}

/// The result of taking a request out of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub policy: Policy,
    pub quota: Quota,
    pub remaining: u32,
    /// If the bucket was empty, the time until it has one request again.
    pub wait: Option<Duration>,
}

impl Policy {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::Anonymous => "anonymous",
            Self::Auth => "auth",
        }
    }
}

impl Bucket {
    /// Returns the bucket of a verified caller, or else of the address, so that made-up tokens do not get a new bucket each.
    pub fn new(caller: Option<&Actor>, address: IpAddr, is_auth: bool) -> Self {
        let caller = match caller.and_then(Actor::caller) {
            Some(caller) => match caller.credential {
                Credential::Session(_) => CallerKey::User(caller.user_id),
                Credential::ApiKey(id) => CallerKey::ApiKey(id),
            },
            None => CallerKey::for_address(address),
        };
        let policy = match caller {
            _ if is_auth => Policy::Auth,
            CallerKey::User(_) | CallerKey::ApiKey(_) => Policy::SignedIn,
            CallerKey::V4(_) | CallerKey::V6(_) | CallerKey::Shared(_) => Policy::Anonymous,
        };
        Self { policy, caller }
    }
}

impl CallerKey {
    pub fn for_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments().map(u64::from);
                Self::V6(a << 48 | b << 32 | c << 16 | d)
            }
        }
    }
}

/// Writes the key of the bucket in Redis.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "atoll:rate:{}:", self.policy.name())?;
        match self.caller {
            CallerKey::User(id) => write!(f, "user:{id}"),
            CallerKey::ApiKey(id) => write!(f, "key:{id}"),
            CallerKey::V4(bits) => write!(f, "v4:{bits:08x}"),
            CallerKey::V6(bits) => write!(f, "v6:{bits:016x}"),
            CallerKey::Shared(number) => write!(f, "crowd:{number}"),
        }
    }
}

impl Quota {
    /// Returns the time in which one request is refilled.
    pub fn interval(&self) -> Duration {
        self.per / self.requests.get()
    }
}

/// Both header fields follow draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4.
impl Verdict {
    pub fn policy_field(&self) -> String {
        let Quota { requests, per } = self.quota;
        let name = self.policy.name();
        format!(r#""{name}";q={requests};w={}"#, seconds(per))
    }

    /// `t` is the time until the bucket is full; if it is empty, until it has one request.
    pub fn state_field(&self) -> String {
        let taken = self.quota.requests.get().saturating_sub(self.remaining);
        let until = self.wait.unwrap_or_else(|| self.quota.interval() * taken);
        let (name, remaining) = (self.policy.name(), self.remaining);
        format!(r#""{name}";r={remaining};t={}"#, seconds(until))
    }
}

/// Rounds up to whole seconds, at least one, so that a client that waits this long does not retry too early.
pub fn seconds(time: Duration) -> u64 {
    let fraction = u64::from(time.subsec_nanos() > 0);
    (time.as_secs() + fraction).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Duration, NonZeroU32, Policy, Quota, Verdict};

    fn bucket(address: &str) -> Bucket {
        Bucket::new(None, address.parse().unwrap(), false)
    }

    #[test]
    fn addresses_share_a_bucket_within_their_prefix() {
        assert_ne!(bucket("192.0.2.1"), bucket("192.0.2.2"));
        assert_eq!(bucket("192.0.2.1"), bucket("::ffff:192.0.2.1"));
        assert_eq!(bucket("2001:db8::1"), bucket("2001:db8::ffff:0:0:1"));
        assert_ne!(bucket("2001:db8::1"), bucket("2001:db8:0:1::1"));
    }

    #[test]
    fn a_verdict_has_the_remaining_requests_and_the_time_to_refill() {
        let quota = Quota {
            requests: NonZeroU32::new(120).unwrap(),
            per: Duration::from_mins(1),
        };
        let verdict = |remaining, wait| Verdict {
            policy: Policy::Auth,
            quota,
            remaining,
            wait,
        };
        let full = verdict(119, None);
        let half = verdict(60, None);
        let empty = verdict(0, Some(Duration::from_millis(1_001)));

        assert_eq!(full.policy_field(), r#""auth";q=120;w=60"#);
        assert_eq!(full.state_field(), r#""auth";r=119;t=1"#);
        assert_eq!(half.state_field(), r#""auth";r=60;t=30"#);
        assert_eq!(empty.state_field(), r#""auth";r=0;t=2"#);
    }
}
