//! Password strength (NIST SP 800-63B-4, section 3.1.1.2): no composition rules, but no common passwords and none made of
//! data about the user.
use std::panic::catch_unwind;

use secrecy::{ExposeSecret, SecretString};
use zxcvbn::{
    feedback::{Feedback, Warning},
    zxcvbn,
};

/// The number of characters that are rated. A strong beginning only gets stronger with the rest. The time grows with the
/// square of the length, up to about 15 ms for this many characters.
const MAX_RATED: usize = 48;

/// Groups of symbols that stand for the same letter, each with the one that replaces all of them.
const LOOKALIKES: [(&str, char); 7] = [
    ("4@", '4'),
    ("({[<", '('),
    ("69", '6'),
    ("1!|", '1'),
    ("1|7", '1'),
    ("5$", '5'),
    ("7+", '7'),
];
/// The maximum number of ways to read the symbols as letters; the library looks each up in every dictionary.
const MAX_READINGS: usize = 8;

/// Returns why the password is refused, or `None` if its score (0 to 4) is at least `min_score`. `words` come from the
/// user's data.
pub fn weakness(password: &SecretString, words: &[String], min_score: u8) -> Option<String> {
    let text = rated_text(password.expose_secret());
    let known: Vec<_> = words.iter().map(String::as_str).collect();
    // A password that makes the library panic is in no dictionary, so it is accepted.
    let rated = catch_unwind(|| zxcvbn(&text, &known)).ok()?;
    if u8::from(rated.score()) >= min_score {
        return None;
    }
    let lower = text.to_lowercase();
    let why = match rated.feedback().and_then(Feedback::warning) {
        _ if known.iter().any(|word| lower.contains(word)) => {
            "it contains your name, your address or the name of this service"
        }
        Some(warning) => explain(warning),
        None => "it is too short or too predictable",
    };
    Some(format!(
        "too easy to guess: {why}. Use several words that are unrelated to each other and to you"
    ))
}

/// The text that is rated: the beginning of the password. If its symbols can be read in too many ways, they are replaced.
fn rated_text(password: &str) -> String {
    let start: String = password.chars().take(MAX_RATED).collect();
    let readings_of_group = |(symbols, _): &(&str, char)| {
        let present = symbols.chars().filter(|symbol| start.contains(*symbol));
        present.count().max(1)
    };
    if LOOKALIKES.iter().map(readings_of_group).product::<usize>() <= MAX_READINGS {
        return start;
    }
    let plain = |letter: char| {
        let is_symbol = !letter.is_alphanumeric();
        let alike = LOOKALIKES
            .iter()
            .find(|(symbols, _)| is_symbol && symbols.contains(letter));
        alike.map_or(letter, |(_, plain)| *plain)
    };
    start.chars().map(plain).collect()
}

fn explain(warning: Warning) -> &'static str {
    use Warning as W;
    match warning {
        W::StraightRowsOfKeysAreEasyToGuess | W::ShortKeyboardPatternsAreEasyToGuess => {
            "its keys are next to each other on the keyboard"
        }
        W::RepeatsLikeAaaAreEasyToGuess | W::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            "it repeats itself"
        }
        W::ThisIsATop10Password | W::ThisIsATop100Password | W::ThisIsACommonPassword => {
            "this password is too common"
        }
        W::ThisIsSimilarToACommonlyUsedPassword => "it is similar to a common password",
        W::SequencesLikeAbcAreEasyToGuess => "it is a sequence, such as abc or 6543",
        W::RecentYearsAreEasyToGuess | W::DatesAreOftenEasyToGuess => {
            "it is a date or contains a year"
        }
        W::AWordByItselfIsEasyToGuess => "it is a single word",
        W::NamesAndSurnamesByThemselvesAreEasyToGuess | W::CommonNamesAndSurnamesAreEasyToGuess => {
            "it is made of names"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(password: &str, words: &[&str]) -> Option<String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        weakness(&password.into(), &words, 2)
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        for (password, reason) in [
            ("password1", "too common"),
            ("P@ssw0rd123", "similar to a common password"),
            ("aaaaaaaa", "repeats itself"),
            ("abcdefgh", "a sequence"),
            ("lovelace1815", "your name"),
        ] {
            let said = why(password, &["lovelace"]).unwrap_or_default();
            assert!(said.contains(reason), "{password}: {said}");
        }
    }

    /// Neither the kinds of characters matter nor a small number of different ones.
    #[test]
    fn a_strong_password_is_accepted_whatever_its_characters() {
        for password in [
            "correct horse battery staple",
            "xK9#mQ2$",
            "zwölf boxkämpfer",
            "другое слово тут",
            "tr0ub4dor&3",
        ] {
            assert_eq!(why(password, &["lovelace"]), None, "{password}");
        }
    }

    /// The library would try every reading of the symbols.
    #[test]
    fn symbols_with_many_readings_are_replaced() {
        let many = "4@8({[<369&#!1|0$5+7%2".repeat(6);
        assert_eq!(rated_text(&many).chars().count(), MAX_RATED);
        assert!(rated_text(&many).starts_with("448(((("));
        assert_eq!(rated_text("P@ssw0rd!1"), "P@ssw0rd!1");
    }
}
