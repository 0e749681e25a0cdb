//! The bytes that the rows of a page may have.

/// The sizes of the first rows of a page, and the limit of their sum.
#[derive(Debug)]
pub struct PageBudget {
    pub sizes: Vec<u64>,
    pub most: u64,
}

impl PageBudget {
    /// Returns the number of first rows that fit when each grows by these bytes. It is at least one, if there are rows.
    pub fn fitting(&self, more: impl IntoIterator<Item = u64>) -> usize {
        let more = more.into_iter().chain(std::iter::repeat(0));
        let mut left = self.most;
        let fits = |(size, more): (&u64, u64)| {
            let rest = left.checked_sub(size + more);
            left = rest.unwrap_or_default();
            rest.is_some()
        };
        let fitting = self
            .sizes
            .iter()
            .zip(more)
            .map(fits)
            .take_while(|fits| *fits);
        fitting.count().max(1).min(self.sizes.len())
    }
}

/// The bytes of a text that are looked at together, which the processor compares at once. They are fewer than 256.
const CHUNK: usize = 64;

/// Returns the bytes of a text as JSON (RFC 8259, section 7), as `serde_json` writes it.
pub fn json_size(text: &str) -> u64 {
    let chunks = text.as_bytes().chunks(CHUNK);
    2 + text.len() as u64 + chunks.map(escapes).sum::<u64>()
}

/// Returns the bytes that escapes add.
fn escapes(chunk: &[u8]) -> u64 {
    let is_escaped = |byte: &u8| u8::from(*byte < 0x20 || *byte == b'"' || *byte == b'\\');
    if chunk.iter().map(is_escaped).sum::<u8>() == 0 {
        return 0;
    }
    let added = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    chunk.iter().map(added).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_fit_as_the_budget_has_room_for_and_always_one() {
        let budget = |sizes: &[u64]| PageBudget {
            sizes: sizes.to_vec(),
            most: 10,
        };

        assert_eq!(budget(&[3, 3, 4, 1]).fitting([]), 3);
        assert_eq!(budget(&[3, 3, 4, 1]).fitting([0, 5]), 1);
        assert_eq!(budget(&[3, 8, 1]).fitting([]), 1);
        assert_eq!(budget(&[99, 1]).fitting([]), 1);
        assert_eq!(budget(&[]).fitting([]), 0);
    }

    #[test]
    fn a_text_has_the_size_that_it_is_written_with() {
        let all: String = (0..0x250).filter_map(char::from_u32).collect();

        for text in ["", "a\"b\\c", "\u{7f}", "𐍈", &all] {
            let written = serde_json::to_string(text).unwrap();
            assert_eq!(json_size(text), written.len() as u64, "{text:?}");
        }
    }
}
