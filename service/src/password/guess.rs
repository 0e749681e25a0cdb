//! How soon somebody would guess a password (NIST SP 800-63B-4, section 3.1.1.2: no rules of composition, but none that
//! is common, or made of what is known of its user).
use std::panic::catch_unwind;

use secrecy::{ExposeSecret, SecretString};
use zxcvbn::{
    feedback::{Feedback, Warning},
    zxcvbn,
};

/// Characters that are looked at: what takes long to guess so far only takes longer with the rest. The time grows with
/// their square, up to about 15 ms here.
const LOOKED_AT: usize = 48;

/// Symbols that stand for one letter, and the one of them that can stand for all.
const ALIKE: [(&str, char); 7] = [
    ("4@", '4'),
    ("({[<", '('),
    ("69", '6'),
    ("1!|", '1'),
    ("1|7", '1'),
    ("5$", '5'),
    ("7+", '7'),
];
/// Ways to read symbols as letters, each of which is looked up in every dictionary.
const READINGS: usize = 8;

/// Why a password is refused whose score, from 0 to 4, is less than `least`; `words` are known of its user.
pub fn refusal(password: &SecretString, words: &[String], least: u8) -> Option<String> {
    let seen = seen(password.expose_secret());
    let known: Vec<_> = words.iter().map(String::as_str).collect();
    // What makes the library fail is in no dictionary.
    let rated = catch_unwind(|| zxcvbn(&seen, &known)).ok()?;
    if u8::from(rated.score()) >= least {
        return None;
    }
    let lower = seen.to_lowercase();
    let why = match rated.feedback().and_then(Feedback::warning) {
        _ if known.iter().any(|word| lower.contains(word)) => {
            "it has your name, your address or the name of this service in it"
        }
        Some(warning) => explain(warning),
        None => "it is too short, or of a kind that is tried early",
    };
    Some(format!(
        "is too easy to guess: {why}. Take several words that have nothing to do with each other, nor with you"
    ))
}

/// What is rated: the beginning, and where its symbols can be read in many ways, the plainest of them.
fn seen(password: &str) -> String {
    let start: String = password.chars().take(LOOKED_AT).collect();
    let of_one = |(symbols, _): &(&str, char)| {
        let there = symbols.chars().filter(|symbol| start.contains(*symbol));
        there.count().max(1)
    };
    if ALIKE.iter().map(of_one).product::<usize>() <= READINGS {
        return start;
    }
    let plain = |letter: char| {
        let is_symbol = !letter.is_alphanumeric();
        let alike = ALIKE
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
            "its keys are neighbours"
        }
        W::RepeatsLikeAaaAreEasyToGuess | W::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            "it repeats itself"
        }
        W::ThisIsATop10Password | W::ThisIsATop100Password | W::ThisIsACommonPassword => {
            "many people have it"
        }
        W::ThisIsSimilarToACommonlyUsedPassword => "it is much like one that many people have",
        W::SequencesLikeAbcAreEasyToGuess => "it is a sequence, such as abc or 6543",
        W::RecentYearsAreEasyToGuess | W::DatesAreOftenEasyToGuess => {
            "it is a date, or has a year in it"
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
        refusal(&password.into(), &words, 2)
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        for (password, reason) in [
            ("password1", "many people have it"),
            ("P@ssw0rd123", "much like one that many people have"),
            ("aaaaaaaa", "repeats itself"),
            ("abcdefgh", "a sequence"),
            ("lovelace1815", "your name"),
        ] {
            let said = why(password, &["lovelace"]).unwrap_or_default();
            assert!(said.contains(reason), "{password}: {said}");
        }
    }

    /// Also what has no word in any dictionary: neither its kinds of letters matter, nor that there are few of them.
    #[test]
    fn what_is_hard_to_guess_is_fine_whatever_it_is_made_of() {
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

    /// Symbols that can be read in many ways: the library tries all of them.
    #[test]
    fn what_can_be_read_in_many_ways_is_read_in_one() {
        let many = "4@8({[<369&#!1|0$5+7%2".repeat(6);
        assert_eq!(seen(&many).chars().count(), LOOKED_AT);
        assert!(seen(&many).starts_with("448(((("));
        assert_eq!(seen("P@ssw0rd!1"), "P@ssw0rd!1");
    }
}
