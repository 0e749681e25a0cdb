//! Names what an actor may do and see, so that what depends on nothing else can be kept.
use std::{
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
};

use super::Actor;

/// The user, and a fingerprint of everything about the actor. Two users have no rights in common, and neither have two states of
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rights {
    user: Option<i64>,
    fingerprint: u64,
}

impl Rights {
    pub fn new(actor: &Actor) -> Self {
        static FINGERPRINTS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self {
            user: actor.user_id(),
            fingerprint: FINGERPRINTS.hash_one(actor),
        }
    }
}
