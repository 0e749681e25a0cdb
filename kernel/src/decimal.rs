//! Exact decimals: a column stores them as an integer of their last digits (12.30 with two places is 1230), which both
//! databases compare, sort and add up exactly. SQLite has no decimals of its own.

/// The most digits of a decimal, including those after the point.
pub const MAX_DIGITS: u32 = 18;

/// Returns true if a decimal of any number of places may have this stored value.
pub const fn fits(stored: i64) -> bool {
    stored.unsigned_abs() < 10_u64.pow(MAX_DIGITS)
}

/// Reads a decimal such as `-12.3` and returns the stored value. Fails if it has too many places or digits, or another form.
pub fn parse(text: &str, places: u32) -> Result<i64, String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let missing = (places as usize).checked_sub(fraction.trim_end_matches('0').len());
    let stored = match missing {
        Some(missing) if is_number(whole) && is_number(fraction) => {
            let digits = [whole, fraction.trim_end_matches('0'), &"0".repeat(missing)].concat();
            digits.parse().ok().filter(|stored| fits(*stored))
        }
        _ => None,
    };
    let stored = stored.ok_or_else(|| {
        format!(
            "must be a decimal with at most {MAX_DIGITS} digits, {places} of them after the point"
        )
    })?;
    Ok(if text.starts_with('-') {
        -stored
    } else {
        stored
    })
}

/// Returns an example with all its places: `12.30` has two.
pub fn example(places: u32) -> String {
    let most = MAX_DIGITS - 2;
    write(123 * 10_i64.pow(places.min(most)) / 10, places)
}

/// Writes a stored value with all its places.
pub fn write(stored: impl Into<i128>, places: u32) -> String {
    let stored = stored.into();
    let places = places as usize;
    let digits = format!("{:0width$}", stored.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let sign = if stored < 0 { "-" } else { "" };
    let point = if places == 0 { "" } else { "." };
    [sign, whole, point, fraction].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_read_and_written_exactly() {
        for (text, places, stored, written) in [
            ("12.3", 2, 1230, "12.30"),
            ("-0.05", 2, -5, "-0.05"),
            ("-0", 2, 0, "0.00"),
            ("7.000", 0, 7, "7"),
            ("0007", 1, 70, "7.0"),
            (
                "9999999999999999.99",
                2,
                999_999_999_999_999_999,
                "9999999999999999.99",
            ),
        ] {
            assert_eq!(parse(text, places), Ok(stored), "{text}");
            assert_eq!(write(stored, places), written, "{text}");
        }
    }

    #[test]
    fn an_example_has_all_its_places() {
        for (places, text) in [(0, "12"), (1, "12.3"), (2, "12.30")] {
            assert_eq!(example(places), text);
        }
        for places in 0..=MAX_DIGITS {
            assert!(parse(&example(places), places).is_ok(), "{places}");
        }
    }

    #[test]
    fn other_forms_and_further_digits_are_refused() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "+1",
            "1e3",
            "1_000",
            "1,5",
            " 1",
            "NaN",
            "--1",
            "1.2.3",
            "٣",
            "0.001",
            "10000000000000000.00",
            "99999999999999999999999999",
        ] {
            assert!(parse(text, 2).is_err(), "{text}");
        }
    }
}
