//! Which version of a row a write may meet (RFC 9110, section 13.1.1).
use crate::{Error, Result};

/// What the caller knows of the row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: whatever is there may be written over.
    #[default]
    Anything,
    /// One of these versions.
    OneOf(Vec<i64>),
    /// Nothing, where something is asked for.
    Missing,
}

impl Expected {
    /// Whether a row in this version may be written. Its caller holds a lock on the row, so that the version stays.
    pub(crate) fn check(&self, version: i64) -> Result<()> {
        match self {
            Self::Anything => Ok(()),
            Self::OneOf(versions) if versions.contains(&version) => Ok(()),
            Self::OneOf(_) => Err(Error::Stale(version)),
            Self::Missing => Err(Error::VersionRequired),
        }
    }
}
