//! The lines of the table that follow from what `permissions.txt` declares of a resource: `may comments update editor own` says
//! that editors and those above them may update any comment, and every user their own.
use kernel::registry::Table;
use service::registry;

use super::table::{CALLERS, Line};

/// The callers by how much they may do: each may do what those before may.
const LEVELS: [&str; 5] = ["anonymous", "member", "editor", "admin", "superuser"];

const ACTIONS: [&str; 7] = [
    "read", "create", "update", "delete", "restore", "purge", "audit",
];

/// The callers who may do something with the rows of a resource.
#[derive(Clone, Copy)]
struct Right {
    /// The place in [`LEVELS`] from which callers may do it to any row.
    level: usize,
    /// Whether every user may do it to their own rows.
    own: bool,
}

/// The declaration of one resource.
struct Declared {
    table: &'static Table,
    rights: [Right; 7],
}

/// One cell of the table: a caller and the state of the row.
#[derive(Clone, Copy)]
struct Cell {
    caller: &'static str,
    state: &'static str,
}

pub fn lines(declarations: &[&'static str]) -> Vec<Line> {
    let tables = registry().tables().iter();
    let declared = tables.filter_map(|table| Declared::parse(table, declarations));
    declared.flat_map(|declared| declared.lines()).collect()
}

/// Whether owners may delete their rows of this resource, by what is declared of it.
pub fn is_deleted_by_owners(resource: &str) -> bool {
    let mut lines = super::lines().iter();
    lines.any(|line| line.state == "own-deleted" && line.path == format!("/{resource}/{{id}}"))
}

impl Declared {
    fn parse(table: &'static Table, declarations: &[&str]) -> Option<Self> {
        let head = format!("may {} ", table.name);
        let lines: Vec<_> = declarations
            .iter()
            .filter_map(|line| line.strip_prefix(&head))
            .collect();
        if lines.is_empty() {
            return None;
        }
        let right = |action: &str| {
            let line = lines
                .iter()
                .find(|line| line.split(' ').next() == Some(action));
            let line = line.unwrap_or_else(|| {
                let name = table.name;
                panic!("permissions.txt does not say who may {action} {name}: add `may {name} {action} admin`, or another of {LEVELS:?}")
            });
            let words: Vec<_> = line.split_whitespace().skip(1).collect();
            let level = LEVELS.iter().position(|level| *level == words[0]);
            Right {
                level: level
                    .unwrap_or_else(|| panic!("{line}: {} is none of {LEVELS:?}", words[0])),
                own: words.get(1) == Some(&"own"),
            }
        };
        let rights = ACTIONS.map(right);
        Some(Self { table, rights })
    }

    fn right(&self, action: &str) -> Right {
        self.rights[ACTIONS.iter().position(|other| *other == action).unwrap()]
    }

    /// Whether the caller may do this to some row.
    fn could(&self, action: &str, caller: &str) -> bool {
        let right = self.right(action);
        level(caller) >= right.level || (right.own && caller != "anonymous")
    }

    /// Whether the caller may do this to the row. Owners have no right over a row that somebody else deleted.
    fn may(&self, action: &str, Cell { caller, state }: Cell) -> bool {
        let right = self.right(action);
        let is_own = match state {
            "own" | "own-deleted" => true,
            "live" => caller == "owner",
            "deleted" => caller == "owner" && self.right("delete").own,
            _ => false,
        };
        level(caller) >= right.level || (right.own && is_own)
    }

    fn states(&self) -> Vec<&'static str> {
        let has_owner = self.table.rules.owner.is_some();
        let deleted_by_owner = has_owner && self.right("delete").own;
        let states = [
            ("live", true),
            ("own", has_owner),
            ("deleted", true),
            ("own-deleted", deleted_by_owner),
            ("moderated", deleted_by_owner),
            ("missing", true),
        ];
        let there = states.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(state, _)| state).collect()
    }

    fn lines(&self) -> Vec<Line> {
        let name = self.table.name;
        let mut lines = Vec::new();
        let all: [(&str, &str, &[&str], u16); 8] = [
            ("GET", "", &["read"], 200),
            ("GET", "?deleted=include", &["read"], 200),
            ("GET", "?deleted=only", &["read"], 200),
            ("GET", "/stats", &["read"], 200),
            ("GET", "/export", &["read"], 200),
            ("POST", "", &["create"], 201),
            ("POST", "/import", &["create"], 200),
            ("POST", "/bulk", &["create"], 200),
        ];
        for (method, end, actions, done) in all {
            // A new comment is about the post that it names, which has states: those lines are written.
            if name == "comments" && matches!((method, end), ("POST", "" | "/bulk")) {
                continue;
            }
            let status = |caller| Some(self.gate(actions, caller).unwrap_or(done));
            lines.push(line(method, format!("/{name}{end}"), "-", status));
        }
        let one: [(&str, &str, &[&str]); 10] = [
            ("GET", "/{id}", &["read"]),
            ("GET", "/{id}?deleted=include", &["read"]),
            ("PATCH", "/{id}", &["update"]),
            ("POST", "/bulk", &["update"]),
            ("DELETE", "/{id}", &["delete"]),
            ("POST", "/{id}/restore", &["restore"]),
            ("POST", "/{id}/purge", &["purge"]),
            ("GET", "/{id}/history", &["audit"]),
            ("POST", "/{id}/revert", &["update", "audit"]),
            ("GET", "/{id}/impact", &["delete"]),
        ];
        for (method, end, actions) in one {
            for state in self.states() {
                let status = |caller: &'static str| {
                    let has_no_rows = caller == "anonymous" || caller == "owner";
                    if state.starts_with("own") && has_no_rows {
                        return None;
                    }
                    let cell = Cell { caller, state };
                    let is_impact = end.ends_with("/impact");
                    if is_impact && self.could("purge", caller) {
                        return Some(self.of_row(method, end, actions, cell));
                    }
                    let gate = self.gate(actions, caller);
                    Some(gate.unwrap_or_else(|| self.of_row(method, end, actions, cell)))
                };
                lines.push(line(method, format!("/{name}{end}"), state, status));
            }
        }
        lines
    }

    /// The refusal of a caller who may do this to no row.
    fn gate(&self, actions: &[&str], caller: &str) -> Option<u16> {
        let could = actions.iter().all(|action| self.could(action, caller));
        match caller {
            _ if could => None,
            "anonymous" => Some(401),
            _ => Some(403),
        }
    }

    /// The answer to a caller who may do this to some row.
    fn of_row(&self, method: &str, end: &str, actions: &[&str], cell: Cell) -> u16 {
        let is_live = matches!(cell.state, "live" | "own");
        let may = actions.iter().all(|action| self.may(action, cell));
        let denied = if is_live && self.may("read", cell) {
            403
        } else {
            404
        };
        let (live, deleted) = match (method, end) {
            (_, "/{id}?deleted=include") => {
                let status = |may| if may { 200 } else { 404 };
                (status(may), status(self.may("restore", cell)))
            }
            ("DELETE", _) => (if may { 204 } else { denied }, 404),
            (_, "/{id}/restore") => (if may { 409 } else { denied }, if may { 200 } else { 404 }),
            (_, "/{id}/purge") => (if may { 409 } else { denied }, if may { 204 } else { 404 }),
            (_, "/{id}/history") => (if may { 200 } else { denied }, if may { 200 } else { 404 }),
            (_, "/{id}/impact") => {
                let purges = self.may("purge", cell);
                (
                    if may { 200 } else { denied },
                    if purges { 200 } else { 404 },
                )
            }
            _ => (if may { 200 } else { denied }, 404),
        };
        match cell.state {
            "missing" => 404,
            _ if is_live => live,
            _ => deleted,
        }
    }
}

fn level(caller: &str) -> usize {
    // The owner is a member.
    let name = if caller == "owner" { "member" } else { caller };
    LEVELS.iter().position(|level| *level == name).unwrap()
}

fn line(
    method: &str,
    path: String,
    state: &'static str,
    status: impl Fn(&'static str) -> Option<u16>,
) -> Line {
    Line {
        method: method.to_owned().leak(),
        path: path.leak(),
        state,
        statuses: CALLERS.map(status).to_vec(),
    }
}
