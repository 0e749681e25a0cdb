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
