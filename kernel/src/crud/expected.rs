//! The version of a row that a write expects (RFC 9110, section 13).
use crate::{Error, Result};

/// The versions of the row that the caller accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    /// Any version.
    #[default]
    Anything,
    /// One of these versions.
    OneOf(Vec<i64>),
    /// The caller named no version, although one is required.
    Missing,
    /// The first condition must hold, and the row must have none of these versions. `None` excludes every version.
    Unless(Box<Expected>, Option<Vec<i64>>),
}

impl Expected {
    /// Fails unless the row may have this version. Before a write, the caller holds a lock on the row, so that the version
    /// stays.
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

    /// Makes the version optional.
    #[must_use]
    pub fn if_sent(self) -> Self {
        match self {
            Self::Missing => Self::Anything,
            Self::Unless(first, unwanted) => Self::Unless(Box::new(first.if_sent()), unwanted),
            sent => sent,
        }
    }
}
