//! Suggests the name that a client probably meant.
use strsim::osa_distance;

/// The most characters of a name that is compared. The time of a comparison grows with the product of both lengths.
const MAX_NAME: usize = 64;

/// Returns the known name that is most like `name`, regardless of case. At most a third of its characters may differ.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > MAX_NAME {
        return None;
    }
    let name = name.to_lowercase();
    let distance = |known: &'a str| (osa_distance(&name, &known.to_lowercase()), known);
    let near = known.map(distance).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, _)| *distance <= length / 3)
        .map(|(_, known)| known)
}

/// Returns the words before a list of known names: `expected`, or first the name that was probably meant.
pub(crate) fn expected<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(
        || "expected".to_owned(),
        |near| format!("did you mean `{near}`? Expected"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_has_a_suggestion_and_another_name_has_none() {
        let known = ["title", "status", "created_at", "author_id"];
        for (name, expected) in [
            ("titel", Some("title")),
            ("Title", Some("title")),
            ("createdAt", Some("created_at")),
            ("autor_id", Some("author_id")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
        let long = "t".repeat(MAX_NAME + 1);
        assert_eq!(nearest(&long, [long.as_str()].into_iter()), None);
    }
}
