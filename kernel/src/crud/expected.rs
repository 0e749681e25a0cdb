//! Which version of a row a write may meet (RFC 9110, section 13).
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
    /// What the first says, and none of these versions; without versions, no row at all.
    Unless(Box<Expected>, Option<Vec<i64>>),
}

impl Expected {
    /// Whether a row may be in this version. Before a write its caller holds a lock on the row, so that the version stays.
    pub fn check(&self, version: i64) -> Result<()> {
        match self {
            Self::Anything => Ok(()),
            Self::OneOf(versions) if versions.contains(&version) => Ok(()),
            Self::OneOf(_) => Err(Error::Stale(version)),
            Self::Missing => Err(Error::VersionRequired),
            Self::Unless(first, unwanted) => {
                first.check(version)?;
                let is_unwanted = unwanted
                    .as_ref()
                    .is_none_or(|versions| versions.contains(&version));
                if is_unwanted {
                    Err(Error::Unwanted(version))
                } else {
                    Ok(())
                }
            }
        }
    }

    /// The same for a write that may always go without a version.
    #[must_use]
    pub fn if_sent(self) -> Self {
        match self {
            Self::Missing => Self::Anything,
            Self::Unless(first, unwanted) => Self::Unless(Box::new(first.if_sent()), unwanted),
            sent => sent,
        }
    }
}
