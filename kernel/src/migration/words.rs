//! Splits a text into folded words. Both databases index and search these words, so they agree although their Unicode tables differ.
//!
//! Rows are indexed by these words: a change of [`words`] needs a migration that indexes all rows again (`side_table::fill`).
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The most bytes of a word, because `PostgreSQL` stores no more. The rest of a longer word is cut off.
const MAX_WORD: usize = 2_046;

/// The most bytes of all words of a row, because `PostgreSQL` accepts at most 1 MiB with their positions. Further words are left out.
const MAX_ROW: usize = 400_000;

/// Returns the words of a text in their order: runs of letters and digits with their marks, in compatibility form (NFKC)
/// and with their case folded.
///
/// No character composes with a space before it, so that each piece between spaces can be split by itself, and one in ASCII is
/// in compatibility form already.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for piece in text.split_ascii_whitespace() {
        if piece.is_ascii() {
            add_ascii(&mut words, piece);
        } else {
            add(&mut words, piece);
        }
    }
    words
}

fn add_ascii(words: &mut Vec<String>, text: &str) {
    let runs = text.split(|character: char| !character.is_ascii_alphanumeric());
    let runs = runs.filter(|run| !run.is_empty());
    words.extend(runs.map(|run| run[..run.len().min(MAX_WORD)].to_ascii_lowercase()));
}

fn add(words: &mut Vec<String>, text: &str) {
    let mut word = String::new();
    for character in text.nfkc().flat_map(fold) {
        if is_ignored(character) {
            continue;
        }
        if is_letter(character) || (!word.is_empty() && is_mark(character)) {
            word.push(character);
        } else if !word.is_empty() {
            words.push(finish(&word));
            word.clear();
        }
    }
    if !word.is_empty() {
        words.push(finish(&word));
    }
}

/// Returns the words of each column of a row.
pub fn row(texts: &[&str]) -> Vec<Vec<String>> {
    let mut left = MAX_ROW;
    let mut fits = |word: &String| match left.checked_sub(word.len()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let columns = texts.iter().map(|text| {
        let words = words(text).into_iter();
        words.take_while(&mut fits).collect()
    });
    columns.collect()
}

/// Folds the case of a character (Unicode, section 3.13) with the tables of the standard library: the lower case of its upper
/// case, so that `ς` becomes `σ` everywhere and `ß` becomes `ss`. `ı` is kept, because it would become another letter.
fn fold(character: char) -> impl Iterator<Item = char> {
    let is_plain = character.is_ascii() || character == 'ı';
    let plain = is_plain.then(|| character.to_ascii_lowercase());
    let folded = (!is_plain).then(|| {
        let upper = character.to_lowercase().flat_map(char::to_uppercase);
        upper.flat_map(char::to_lowercase)
    });
    plain.into_iter().chain(folded.into_iter().flatten())
}

/// Returns true if a character belongs to a word. Letters in circles and squares (🅰) are symbols, which do not.
fn is_letter(character: char) -> bool {
    character.is_alphanumeric() && !('\u{1f130}'..='\u{1f189}').contains(&character)
}

/// Returns true if a character is a mark on a letter. Enclosing marks are left out: 1⃣ becomes 1.
fn is_mark(character: char) -> bool {
    is_combining_mark(character) && !('\u{20dd}'..='\u{20e4}').contains(&character)
}

/// Returns true if a character neither belongs to a word nor ends one: soft hyphens, joiners and variation selectors.
fn is_ignored(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Composes letters that folding has decomposed, and cuts the word to its limit.
fn finish(word: &str) -> String {
    let mut word: String = word.nfc().collect();
    word.truncate(word.floor_char_boundary(MAX_WORD));
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(text: &str, expected: &str) {
        assert_eq!(words(text).join("|"), expected, "{text}");
    }

    #[test]
    fn a_word_is_a_run_of_letters_digits_and_their_marks() {
        expect("foo-bar_baz 12.5 m²", "foo|bar|baz|12|5|m2");
        expect(
            "🦀Rust tips❤\u{fe0f}rust 1\u{fe0f}\u{20e3}2",
            "rust|tips|rust|1|2",
        );
        expect("🅰\u{fe0f}rust 🇩🇪de", "rust|de");
        expect("हिन्दी ไทย 全文検索", "हिन्दी|ไทย|全文検索");
        expect("co\u{ad}operate می\u{200c}خواهم", "cooperate|میخواهم");
        expect("\u{301}a ne\u{301}e", "a|née");
        expect("!? …", "");
    }

    #[test]
    fn case_makes_no_difference_in_any_script() {
        for (one, other) in [
            ("ΟΔΟΣ", "οδος"),
            ("STRASSE", "Straße"),
            ("STRAẞE", "straße"),
            ("ЁЛКА", "ёлка"),
            ("ꮳꮃꭹ", "ᏣᎳᎩ"),
            ("ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ", "საქართველო"),
            ("𞤀𞤁𞤂", "𞤢𞤣𞤤"),
            ("𐓀", "𐓨"),
            ("ǅ", "ǆ"),
            ("ﬁn", "FIN"),
            ("K", "k"),
            ("İ", "i\u{307}"),
            ("ſ", "S"),
            ("ＲＵＳＴ", "rust"),
            ("E\u{301}", "é"),
        ] {
            assert_eq!(words(one), words(other), "{one} {other}");
        }
        assert_ne!(words("ılık"), words("ilik"));
    }

    /// Letters, marks that compose with what is before them, separators and spaces, of which some are not ASCII.
    const AWKWARD: [&str; 34] = [
        "a", "K", "9", "_", "-", "<", "=", "~", "'", " ", "\t", "\n", "\u{b}", "\0", "\u{a0}",
        "\u{3000}", "\u{301}", "\u{338}", "\u{345}", "\u{20e3}", "\u{200d}", "\u{ad}", "\u{fe0f}",
        "é", "ß", "İ", "ﬁ", "´", "ﷺ", "ᄀ", "ᅡ", "ᆨ", "が", "🅰",
    ];

    #[test]
    fn a_text_has_the_same_words_in_pieces_as_in_one() {
        for _ in 0..5_000 {
            let length = rand::random_range(0..12);
            let pick = |_| AWKWARD[rand::random_range(0..AWKWARD.len())];
            let text: String = (0..length).map(pick).collect();
            let mut whole = Vec::new();
            add(&mut whole, &text);
            assert_eq!(words(&text), whole, "{text:?}");
        }
        let every: String = ('\0'..='\u{7f}').collect();
        let mut whole = Vec::new();
        add(&mut whole, &every);
        assert_eq!(words(&every), whole);
    }

    #[test]
    fn a_row_is_bounded() {
        let long = "x".repeat(5_000);
        assert_eq!(words(&long), ["x".repeat(MAX_WORD)]);
        let many = "ﷺ ".repeat(50_000);
        let row = row(&[&many, "after"]);
        let bytes: usize = row.iter().flatten().map(String::len).sum();
        assert!(bytes <= MAX_ROW, "{bytes}");
    }
}
