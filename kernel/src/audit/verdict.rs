//! The result of a verification.
use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// The counts and the problems that a verification found.
#[derive(Debug, Default)]
pub struct Verdict {
    pub entries: u64,
    pub blocks: u64,
    /// The number of entries that are committed and not sealed yet.
    pub unsealed: u64,
    pub problems: Vec<Problem>,
    /// The end of the chain. Kept elsewhere, it shows later that nothing was removed from the end.
    pub receipt: Receipt,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The values or the metadata of the entry differ from those that were sealed.
    Altered { seq: i64 },
    /// The entry does not exist any more.
    Missing { seq: i64 },
    /// The authentication of the block fails: one of its entries, their order or the key differs.
    Broken {
        number: i64,
        first_seq: i64,
        last_seq: i64,
    },
    /// The chain ends before the receipt, or differs from it.
    Truncated { seq: i64 },
    /// The entry is among sealed ones, but was never sealed.
    Inserted { id: i64 },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq } => write!(f, "entry {seq} was altered"),
            Self::Missing { seq } => write!(f, "entry {seq} is missing"),
            Self::Broken {
                number,
                first_seq,
                last_seq,
            } => {
                write!(
                    f,
                    "block {number} (entries {first_seq} to {last_seq}) differs from the one that was sealed"
                )
            }
            Self::Truncated { seq } => write!(
                f,
                "the chain does not contain entry {seq} as the receipt describes it"
            ),
            Self::Inserted { id } => {
                write!(f, "the entry with id {id} was inserted among sealed ones")
            }
        }
    }
}

/// The last entry of a chain and the authentication of its block, as text: `1234:…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    pub seq: i64,
    pub mac: Vec<u8>,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}",
            self.seq,
            BASE64_URL_SAFE_NO_PAD.encode(&self.mac)
        )
    }
}

impl std::str::FromStr for Receipt {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let receipt = text.split_once(':').and_then(|(seq, mac)| {
            let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
            Some(Self {
                seq: seq.parse().ok()?,
                mac,
            })
        });
        receipt.ok_or("invalid receipt; expected one like 1234:AbC…")
    }
}
