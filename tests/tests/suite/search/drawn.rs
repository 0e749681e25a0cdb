//! Random texts and queries: each database finds what a few lines of Rust find.
use std::collections::BTreeSet;

use kernel::migration::words::words;
use tests::{TestApp, json};

use super::url;
use crate::dice::{Dice, seeds};

const PIECES: [&str; 26] = [
    "rust",
    "RUST",
    "Οδοσήμανση",
    "ΟΔΟΣ",
    "οδός",
    "STRASSE",
    "straße",
    "GROẞ",
    "ИГРА",
    "игра",
    "ᏣᎳᎩ",
    "ꮳꮃꭹ",
    "İstanbul",
    "ılık",
    "ILIK",
    "𞤀𞤁",
    "𞤢𞤣",
    "全文",
    "née",
    "ne\u{301}e",
    "m²",
    "1e5",
    "हिन्दी",
    "ﬁn",
    "🅰\u{fe0f}",
    "🦀",
];
const BETWEEN: [&str; 10] = [
    "",
    " ",
    " ",
    " ",
    "-",
    "🎉",
    "\u{fe0f}",
    "…",
    "❤\u{fe0f}",
    "'",
];

/// Returns a random text, without white space if `is_bare`.
fn text(dice: &mut Dice, most: usize, is_bare: bool) -> String {
    let mut text = String::new();
    for _ in 0..=dice.below(most) {
        let between = dice.pick(&BETWEEN);
        if !text.is_empty() && (!is_bare || between != " ") {
            text.push_str(between);
        }
        text.push_str(dice.pick(&PIECES));
    }
    text
}

struct Term {
    text: String,
    is_phrase: bool,
    is_unwanted: bool,
}

impl Term {
    fn drawn(dice: &mut Dice, is_first: bool) -> Self {
        let is_phrase = dice.below(3) == 0;
        Self {
            text: text(dice, 2, !is_phrase),
            is_phrase,
            is_unwanted: !is_first && dice.below(4) == 0,
        }
    }

    fn written(&self) -> String {
        let hyphen = if self.is_unwanted { "-" } else { "" };
        let quote = if self.is_phrase { "\"" } else { "" };
        format!("{hyphen}{quote}{}{quote}", self.text)
    }

    /// Returns `None` for a term without words. The last term may be the beginning of a word.
    fn is_in(&self, columns: &[Vec<String>], is_last: bool) -> Option<bool> {
        let mut wanted = words(&self.text);
        let last = wanted.pop()?;
        let is_prefix = is_last && !self.is_phrase && !self.is_unwanted && last.len() >= 3;
        let fits = |window: &[String]| {
            let (end, begin) = window.split_last().unwrap();
            let ends = if is_prefix {
                end.starts_with(&last)
            } else {
                *end == last
            };
            ends && begin == wanted
        };
        let size = wanted.len() + 1;
        Some(columns.iter().any(|words| words.windows(size).any(fits)))
    }
}

fn is_found(terms: &[Term], columns: &[Vec<String>]) -> bool {
    let (mut has_wanted, mut fits) = (false, true);
    for (place, term) in terms.iter().enumerate() {
        if let Some(is_in) = term.is_in(columns, place + 1 == terms.len()) {
            has_wanted |= !term.is_unwanted;
            fits &= is_in != term.is_unwanted;
        }
    }
    has_wanted && fits
}

#[actix_web::test]
async fn random_searches_find_what_a_simple_model_finds() {
    let mut found_in_all = 0;
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let app = TestApp::new().await;
        let ada = app.member("ada").await;
        let mut posts = Vec::new();
        for _ in 0..15 {
            let texts = [4, 3, 12].map(|most| text(&mut dice, most, false));
            let [title, summary, content] = &texts;
            let post = json!({ "title": title, "summary": summary, "content": content, "status": "published" });
            let id = ada.post("/posts", post).await.expect_status(201).id();
            posts.push((id, texts.map(|text| words(&text))));
        }
        for _ in 0..25 {
            let count = 1 + dice.below(3);
            let terms: Vec<_> = (0..count)
                .map(|place| Term::drawn(&mut dice, place == 0))
                .collect();
            let written: Vec<_> = terms.iter().map(Term::written).collect();
            let q = written.join(" ");
            if q.chars().count() > 100 {
                continue;
            }

            let found = ada.get(url("posts", &q) + "&limit=100").await;

            let found: BTreeSet<_> = found.expect_status(200).ids().into_iter().collect();
            let expected = posts
                .iter()
                .filter(|(_, columns)| is_found(&terms, columns));
            let expected: BTreeSet<_> = expected.map(|(id, _)| *id).collect();
            assert_eq!(found, expected, "{q:?}");
            found_in_all += found.len();
        }
    }
    assert!(found_in_all > 50, "searches that find nothing show little");
}
