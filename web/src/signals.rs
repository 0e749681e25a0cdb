//! The signals that stop a server, SIGTERM and Ctrl-C, and those that switch its mode, SIGUSR1 and SIGUSR2.
use std::{io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::Instant,
};

pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the first signal, and returns when it came.
    pub async fn first(&mut self) -> Instant {
        self.next().await;
        Instant::now()
    }

    /// Waits for another signal, and returns the exit code of a process that it ends, as shells report it. Signals that repeat the
    /// first one are ignored.
    pub async fn another(&mut self, first: Instant) -> i32 {
        loop {
            let kind = self.next().await;
            if !repeats(kind, first.elapsed()) {
                return 128 + kind.as_raw_value();
            }
        }
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }
}

/// The signals that switch the mode of a server.
pub struct ModeSignals {
    read_only: Signal,
    read_write: Signal,
}

impl ModeSignals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            read_only: signal(SignalKind::user_defined1())?,
            read_write: signal(SignalKind::user_defined2())?,
        })
    }

    /// Waits for a signal, and returns true if it makes the server read-only.
    pub async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.read_only.recv() => true,
            _ = self.read_write.recv() => false,
        }
    }
}

/// Returns true if a signal this long after the first one only repeats it. GNU `timeout` sends SIGTERM to the process and then to its
/// group. A parent may pass on a Ctrl-C that the terminal has sent to the process too.
fn repeats(kind: SignalKind, after_first: Duration) -> bool {
    let period = if kind == SignalKind::interrupt() {
        Duration::from_millis(300)
    } else {
        Duration::from_secs(1)
    };
    after_first < period
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_repeats_the_first_one_only_for_a_moment() {
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        for (kind, millis, is_repeated) in [
            (terminate, 0, true),
            (terminate, 999, true),
            (terminate, 1_000, false),
            (interrupt, 299, true),
            (interrupt, 300, false),
        ] {
            let after_first = Duration::from_millis(millis);

            assert_eq!(repeats(kind, after_first), is_repeated, "{kind:?} {millis}");
        }
    }
}
