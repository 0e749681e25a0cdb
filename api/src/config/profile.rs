//! The profile of an installation, which selects the second configuration file.
use std::{fmt, str::FromStr};

use anyhow::bail;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Development,
    Test,
    Production,
}

impl Profile {
    pub const ALL: [Self; 3] = [Self::Development, Self::Test, Self::Production];

    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Production => "production",
        }
    }

    /// Returns the text of the profile's file that is built into the program.
    pub(super) fn built_in(self) -> &'static str {
        match self {
            Self::Development => include_str!("../../../config/development.toml"),
            Self::Test => include_str!("../../../config/test.toml"),
            Self::Production => include_str!("../../../config/production.toml"),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        match Self::ALL.into_iter().find(|profile| profile.name() == name) {
            Some(profile) => Ok(profile),
            None => bail!(
                "ATOLL_PROFILE must be one of {}",
                Self::ALL.map(Self::name).join(", ")
            ),
        }
    }
}
