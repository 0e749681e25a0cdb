//! The position of a write in the log of the primary, as a client carries it from the write to later reads.
use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::Mac;

use crate::{clock, secret::Secret};

/// The length of a token in bytes: the position and the time, of eight bytes each, and half of an HMAC-SHA-256 (RFC 2104, section 5).
const LENGTH: usize = 32;
/// The length of the part that is authenticated.
const SIGNED: usize = 16;

/// PostgreSQL writes its log in pages of this many bytes, unless it was built with another size.
const PAGE: u64 = 8_192;
/// The lengths of the headers of a page, and of the first page of a segment.
const HEADERS: [u64; 2] = [24, 40];

/// A position in the write-ahead log of a PostgreSQL server, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Position(u64);

impl Position {
    pub(super) fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(self) -> u64 {
        self.0
    }

    /// Returns the position that a server answered with.
    pub(in super::super) fn from_sql(bytes: i64) -> Self {
        Self(bytes.unsigned_abs())
    }

    /// Returns the end of the last record before an insert position. If that record ends a page, the insert position is already
    /// after the header of the next page, which a standby replays with the next record only.
    pub(in super::super) fn from_insert(bytes: i64) -> Self {
        let Self(at) = Self::from_sql(bytes);
        let within = at % PAGE;
        Self(if HEADERS.contains(&within) {
            at - within
        } else {
            at
        })
    }

    /// Returns the text that a client sends with later requests. It holds the position and the current time.
    pub fn to_token(self, key: &Secret) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(self.0.to_be_bytes());
        bytes.extend(clock::now().timestamp().to_be_bytes());
        let mut mac = key.mac();
        mac.update(&bytes);
        bytes.extend(&mac.finalize().into_bytes()[..LENGTH - SIGNED]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token. Returns `None` if it was altered, was made with another key, or is older than `lifetime`.
    pub fn from_token(text: &str, key: &Secret, lifetime: Duration) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let bytes: [u8; LENGTH] = bytes.try_into().ok()?;
        let (signed, tag) = bytes.split_at(SIGNED);
        let mut mac = key.mac();
        mac.update(signed);
        mac.verify_truncated_left(tag).ok()?;
        let (position, issued) = signed.split_at(SIGNED / 2);
        let issued = i64::from_be_bytes(issued.try_into().ok()?);
        let age = clock::now().timestamp().saturating_sub(issued);
        let is_young = u64::try_from(age).is_ok_and(|age| age <= lifetime.as_secs());
        // A clock that was set back makes a token look as if it came from the future.
        let is_valid = is_young || age < 0;
        let position = u64::from_be_bytes(position.try_into().ok()?);
        is_valid.then_some(Self(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn only_an_unaltered_token_of_this_installation_is_read() {
        let (key, other) = (
            Secret::from_text(&"1".into()),
            Secret::from_text(&"2".into()),
        );
        let position = Position::from_sql(0x0123_4567_89AB);

        let token = position.to_token(&key);

        assert_eq!(Position::from_token(&token, &key, MINUTE), Some(position));
        assert_eq!(Position::from_token(&token, &other, MINUTE), None);
        for (index, letter) in token.char_indices() {
            let replaced = if letter == 'A' { "B" } else { "A" };
            let mut altered = token.clone();
            altered.replace_range(index..=index, replaced);
            assert_eq!(
                Position::from_token(&altered, &key, MINUTE),
                None,
                "{altered}"
            );
        }
        for malformed in [
            "",
            "0",
            "?",
            &token[1..],
            &format!("{token}A"),
            &"A".repeat(9_000),
        ] {
            assert_eq!(Position::from_token(malformed, &key, MINUTE), None);
        }
    }

    #[test]
    fn the_end_of_a_page_is_the_position_of_its_last_record() {
        for (insert, end) in [
            (PAGE + 24, PAGE),
            (PAGE + 40, PAGE),
            (PAGE + 48, PAGE + 48),
            (PAGE, PAGE),
        ] {
            let insert = i64::try_from(insert).unwrap();
            assert_eq!(Position::from_insert(insert), Position(end));
        }
    }
}
