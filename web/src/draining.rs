//! Whether the process is shutting down.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    pub fn start(&self) {
        self.0.store(true, Relaxed);
    }

    pub fn is_on(&self) -> bool {
        self.0.load(Relaxed)
    }
}
