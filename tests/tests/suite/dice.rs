//! Random numbers for tests that try unforeseen combinations.
use tests::{postgres::say, scaled};

/// `SplitMix64` (Steele, Lea and Flood 2014): the same numbers from the same seed, everywhere.
pub struct Dice {
    seed: u64,
    state: u64,
}

impl Drop for Dice {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("ATOLL_TEST_SEED={} draws this again", self.seed));
        }
    }
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.state;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((drawn ^ (drawn >> 31)) % end as u64).unwrap()
    }

    pub fn pick<T: Clone>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())].clone()
    }
}

/// The seeds of this run.
pub fn seeds() -> Vec<u64> {
    match std::env::var("ATOLL_TEST_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=scaled(5) as u64).collect(),
    }
}
