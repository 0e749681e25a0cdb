//! Passwords: how long they are, how they are chosen, and how they are hashed.
mod about;
mod guess;
mod hasher;
mod recipe;

pub use about::About;
pub use hasher::Hasher;
pub(crate) use hasher::QUEUE;

/// Characters; contract §9. The upper bound is checked before any work.
pub const MIN_LENGTH: usize = 8;
pub const MAX_LENGTH: usize = 128;
