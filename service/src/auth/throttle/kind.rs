//! How long who has to wait; `docs/operate.md` tells it to operators.
use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Several networks of one operator (IPv6).
    Site,
    Network,
    /// Nobody waits for it: it tells whether an account is attacked.
    Account,
    /// A network and an account.
    Pair,
    /// A device and a user who signed in from it.
    Device,
    /// One sign-in.
    Own,
}

/// Failures that are free, what the next ones cost in seconds, the last of them for ever, and when all is forgotten.
#[derive(Debug)]
pub struct Schedule {
    pub free: i32,
    pub waits: &'static [u64],
    pub window: Duration,
}

/// Failures on an account, of all networks together, beyond which those that are new to it have to wait.
pub const ATTACK: i32 = 20;

/// How long they wait: once.
pub const TICKET: Duration = Duration::from_secs(30);

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// To a minute: there may be many people behind an address.
const TO_A_MINUTE: &[u64] = &[1, 2, 4, 8, 16, 32, 60];
const TO_A_QUARTER: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900];

impl Kind {
    pub fn schedule(self) -> Schedule {
        let schedule = |free, waits, window| Schedule {
            free,
            waits,
            window,
        };
        match self {
            Self::Site => schedule(500, TO_A_MINUTE, HOUR),
            Self::Network => schedule(50, TO_A_MINUTE, HOUR),
            Self::Account => schedule(0, &[], HOUR),
            Self::Pair | Self::Device | Self::Own => schedule(5, TO_A_QUARTER, DAY),
        }
    }

    /// Whether others count there too, whose failures a success must not forget.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Site | Self::Network | Self::Account)
    }
}

impl Schedule {
    /// How long so many failures cost.
    #[cfg(test)]
    fn wait(&self, failures: i32) -> u64 {
        let steps = self.steps();
        let step = steps.iter().find(|(below, _)| failures < *below);
        let last = self.waits.last().copied().unwrap_or_default();
        step.map_or(last, |(_, wait)| *wait)
    }

    /// Below so many failures, so many seconds. Beyond the last it stays with the last.
    pub fn steps(&self) -> Vec<(i32, u64)> {
        let waits = self.waits.iter().copied();
        let begins = std::iter::once(0).chain(waits);
        begins
            .zip(self.free..)
            .map(|(wait, below)| (below, wait))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn waits_begin_late_double_and_end() {
        let pair = Kind::Pair.schedule();
        let waits = [1, 4, 5, 6, 7, 14, 15, 16, 1_000].map(|failures| pair.wait(failures));

        assert_eq!(waits, [0, 0, 1, 2, 4, 512, 900, 900, 900]);
        assert_eq!(Kind::Network.schedule().wait(49), 0);
        assert_eq!(Kind::Network.schedule().wait(50), 1);
        assert_eq!(Kind::Account.schedule().wait(1_000_000), 0);
    }
}
