//! Reads `permissions.txt`: the lines that are written, and those that follow from what is declared of a resource.
use std::sync::LazyLock;

use super::declared;

pub const CALLERS: [&str; 6] = [
    "anonymous",
    "member",
    "owner",
    "editor",
    "admin",
    "superuser",
];

/// The two halves of the callers.
pub const MEMBERS: &[&str] = &["anonymous", "member", "owner"];
pub const STAFF: &[&str] = &["editor", "admin", "superuser"];

/// One route on rows in one state.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    pub method: &'static str,
    /// The path with its query string.
    pub path: &'static str,
    pub state: &'static str,
    /// The expected statuses in the order of [`CALLERS`], or `None` for a caller that does not call.
    pub statuses: Vec<Option<u16>>,
}

impl Line {
    /// Returns the expected statuses of these callers.
    pub fn expected(&self, callers: &[&'static str]) -> Vec<(&'static str, u16)> {
        let all = CALLERS.into_iter().zip(&self.statuses);
        let asked = all.filter(|(caller, _)| callers.contains(caller));
        asked
            .filter_map(|(caller, status)| Some((caller, (*status)?)))
            .collect()
    }

    /// Returns the path of the route, without a query string.
    pub fn pattern(&self) -> &'static str {
        self.path.split('?').next().unwrap_or_default()
    }
}

pub fn lines() -> &'static [Line] {
    static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| {
        let text = include_str!("../permissions.txt").lines();
        let text = text.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (declared, written): (Vec<_>, Vec<_>) = text.partition(|line| line.starts_with("may "));
        let written = written.into_iter().map(line);
        written.chain(declared::lines(&declared)).collect()
    });
    &LINES
}

/// The lines about one part of the API. Each line belongs to exactly one part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Account,
    Comments,
    Posts,
    /// Roles, and every line that belongs to no other part.
    Others,
    Users,
}

pub fn lines_of(part: Part) -> Vec<Line> {
    let part_of = |line: &Line| match line.path.split(['/', '?']).nth(1) {
        Some("auth") => Part::Account,
        Some("comments") => Part::Comments,
        Some("posts") => Part::Posts,
        Some("users") => Part::Users,
        _ => Part::Others,
    };
    let lines = lines().iter().filter(|line| part_of(line) == part);
    lines.cloned().collect()
}

fn line(text: &'static str) -> Line {
    let words: Vec<_> = text.split_whitespace().collect();
    let [method, path, state, statuses @ ..] = words.as_slice() else {
        panic!("malformed line of permissions.txt: {text}")
    };
    assert_eq!(statuses.len(), CALLERS.len(), "{text}");
    let status = |word: &&str| match *word {
        "-" => None,
        number => Some(number.parse().unwrap()),
    };
    Line {
        method,
        path,
        state,
        statuses: statuses.iter().map(status).collect(),
    }
}
