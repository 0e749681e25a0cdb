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

/// One route on rows in one state.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    pub method: &'static str,
    /// With its query string, if it has one.
    pub path: &'static str,
    pub state: &'static str,
    /// In the order of [`CALLERS`]; none where that caller is not asked.
    pub statuses: Vec<Option<u16>>,
}

impl Line {
    /// The path as the route has it.
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
    Roles,
    Users,
}

pub fn lines_of(part: Part) -> Vec<Line> {
    let part_of = |line: &Line| match line.path.split(['/', '?']).nth(1) {
        Some("auth") => Part::Account,
        Some("comments") => Part::Comments,
        Some("posts") => Part::Posts,
        Some("users") => Part::Users,
        _ => Part::Roles,
    };
    let lines = lines().iter().filter(|line| part_of(line) == part);
    lines.cloned().collect()
}

fn line(text: &'static str) -> Line {
    let words: Vec<_> = text.split_whitespace().collect();
    let [method, path, state, statuses @ ..] = words.as_slice() else {
        panic!("no line of the table: {text}")
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
