//! One entry: what was done to a row, and what it changed of it.
use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// What was done; contract §8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    Created,
    Updated,
    Deleted,
    Restored,
    Purged,
    Reverted,
    PasswordChanged,
    PasswordReset,
    EmailVerified,
    SignedIn,
    SignedOut,
    KeyCreated,
    KeyRevoked,
    TotpTurnedOn,
    TotpTurnedOff,
    RecoveryCodeUsed,
}

impl Did {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Purged => "purged",
            Self::Reverted => "reverted",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::EmailVerified => "email_verified",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::KeyCreated => "key_created",
            Self::KeyRevoked => "key_revoked",
            Self::TotpTurnedOn => "totp_turned_on",
            Self::TotpTurnedOff => "totp_turned_off",
            Self::RecoveryCodeUsed => "recovery_code_used",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub resource: &'static str,
    pub resource_id: i64,
    pub did: Did,
    /// Of the row, once it was done.
    pub version: i64,
    /// By field, `from` and `to`; of a large field neither, as its text is kept once for each version.
    pub changes: Map<String, Value>,
    /// The large fields of the row, where one of them changed.
    pub texts: Option<Map<String, Value>>,
}

impl Entry {
    /// Of an act that changes no field.
    pub fn of(resource: &'static str, did: Did, (resource_id, version): (i64, i64)) -> Self {
        Self {
            resource,
            resource_id,
            did,
            version,
            changes: Map::new(),
            texts: None,
        }
    }

    #[must_use]
    pub fn changing(self, field: &str, from: impl Into<Value>, to: impl Into<Value>) -> Self {
        self.with(field, json!({ "from": from.into(), "to": to.into() }))
    }

    /// Notes a changed field.
    #[must_use]
    pub fn with(mut self, field: &str, change: Value) -> Self {
        self.changes.insert(field.to_owned(), change);
        self
    }
}

/// What a transaction did, in order: an entry for each version of a row.
#[derive(Debug, Default)]
pub struct Entries {
    pub all: Vec<Entry>,
    places: HashMap<(&'static str, i64, i64), usize>,
}

impl Entries {
    /// An update that makes no new version tells more of what was done to make that.
    pub fn add(&mut self, entry: Entry) {
        let version = (entry.resource, entry.resource_id, entry.version);
        match self.places.get(&version) {
            Some(place) if entry.did == Did::Updated => {
                self.all[*place].changes.extend(entry.changes);
            }
            _ => {
                self.places.insert(version, self.all.len());
                self.all.push(entry);
            }
        }
    }
}
