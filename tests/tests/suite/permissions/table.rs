//! Reads `permissions.txt`.

pub const CALLERS: [&str; 6] = [
    "anonymous",
    "member",
    "owner",
    "editor",
    "admin",
    "superuser",
];

#[derive(Clone)]
/// One route on rows in one state.
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

pub fn lines() -> Vec<Line> {
    include_str!("../permissions.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(line)
        .collect()
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
    let mut lines = lines();
    lines.retain(|line| part_of(line) == part);
    lines
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
