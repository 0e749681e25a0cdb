//! Generated texts within the limits of the columns.
use fake::{
    Fake,
    faker::{
        company::en::{Bs, CatchPhrase},
        lorem::en::{Paragraphs, Sentence, Sentences},
        name::en::{FirstName, LastName},
    },
};

pub fn name() -> (String, String) {
    (FirstName().fake(), LastName().fake())
}

/// The ASCII letters of a name in lower case.
pub fn ascii_lowercase(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_lowercase()
}

pub fn title() -> String {
    let phrase: String = if super::sample::chance(50) {
        CatchPhrase().fake()
    } else {
        Bs().fake()
    };
    let mut letters = phrase.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

pub fn sentence() -> String {
    capitalize(&Sentence(6..14).fake::<String>())
}

/// At most three short sentences.
pub fn remark() -> String {
    let sentences: Vec<String> = Sentences(1..4).fake();
    sentences
        .iter()
        .map(|sentence| capitalize(sentence))
        .collect::<Vec<_>>()
        .join(" ")
}

pub fn article() -> String {
    let paragraphs: Vec<String> = Paragraphs(1..4).fake();
    let paragraphs = paragraphs.iter().map(|paragraph| {
        paragraph
            .lines()
            .map(capitalize)
            .collect::<Vec<_>>()
            .join(" ")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn capitalize(sentence: &str) -> String {
    match sentence.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => sentence.to_owned(),
    }
}
