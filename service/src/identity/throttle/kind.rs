//! The kinds of counters and their waits; `docs/operate.md` describes them for operators.
use std::time::Duration;

/// The subject that a counter counts failures for. The names are part of the stored keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Several networks of one organisation (IPv6).
    Site,
    Network,
    /// An account. It causes no wait; it only shows whether the account is under attack.
    Account,
    /// A network and an account.
    Pair,
    /// A known device and its user.
    Device,
    /// One session or API key.
    Own,
}

/// The failures without a wait, the waits in seconds after each further failure (the last one repeats), and the time after
/// which the counter restarts.
#[derive(Debug)]
pub struct Schedule {
    pub free: i32,
    pub waits: &'static [u64],
    pub window: Duration,
}

/// The number of failures on an account, over all networks, from which networks that are new to it have to wait.
pub const ATTACK_THRESHOLD: i32 = 20;

/// The single wait of a new network while the account is under attack.
pub const ATTACK_WAIT: Duration = Duration::from_secs(30);

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Waits of up to a minute, because many people may share an address.
const UP_TO_A_MINUTE: &[u64] = &[1, 2, 4, 8, 16, 32, 60];
/// Waits of up to 15 minutes.
const UP_TO_15_MINUTES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900];

impl Kind {
    pub fn schedule(self) -> Schedule {
        let schedule = |free, waits, window| Schedule {
            free,
            waits,
            window,
        };
        match self {
            Self::Site => schedule(500, UP_TO_A_MINUTE, HOUR),
            Self::Network => schedule(50, UP_TO_A_MINUTE, HOUR),
            Self::Account => schedule(0, &[], HOUR),
            Self::Pair | Self::Device | Self::Own => schedule(5, UP_TO_15_MINUTES, DAY),
        }
    }

    /// Returns true if other users count there too, so that a success must not delete the counter.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Site | Self::Network | Self::Account)
    }
}

impl Schedule {
    /// The wait after this number of failures, in seconds.
    #[cfg(test)]
    fn wait(&self, failures: i32) -> u64 {
        let steps = self.steps();
        let step = steps.iter().find(|(below, _)| failures < *below);
        let last = self.waits.last().copied().unwrap_or_default();
        step.map_or(last, |(_, wait)| *wait)
    }

    /// Pairs of a number of failures and the wait in seconds below it. From the last number on, the last wait repeats.
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
    fn waits_start_after_free_failures_and_double_up_to_a_limit() {
        let pair = Kind::Pair.schedule();
        let waits = [1, 4, 5, 6, 7, 14, 15, 16, 1_000].map(|failures| pair.wait(failures));

        assert_eq!(waits, [0, 0, 1, 2, 4, 512, 900, 900, 900]);
        assert_eq!(Kind::Network.schedule().wait(49), 0);
        assert_eq!(Kind::Network.schedule().wait(50), 1);
        assert_eq!(Kind::Account.schedule().wait(1_000_000), 0);
    }
}
