//! Finds the tables that statements read and write, in their SQL: so no handler and no hook declares what its answer depends on.
use std::{
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

use super::Slot;
use crate::texts::Texts;

tokio::task_local! {
    static READ: Recorded;
}

thread_local! {
    /// The tables that the texts of statements name, to read and to write.
    static READ_BY: Texts<Rc<[Slot]>> = Texts::new();
    static WRITTEN_BY: Texts<Rc<[Slot]>> = Texts::new();
}

/// The slots of the tables that were read.
type Recorded = Arc<Mutex<Vec<Slot>>>;

/// Runs `work`, and returns also the tables that its reads outside of transactions named.
pub async fn record_reads<T>(work: impl Future<Output = T>) -> (T, Vec<Slot>) {
    let recorded = Recorded::default();
    let done = READ.scope(recorded.clone(), work).await;
    let mut tables = recorded.lock().unwrap_or_else(PoisonError::into_inner);
    (done, std::mem::take(&mut *tables))
}

/// Records the tables that a read names, if its work is recorded.
pub fn note_read(sql: &str) {
    // Without a scope nothing is cached.
    let _ = READ.try_with(|recorded| {
        let read = READ_BY.with(|known| known.get(sql, |sql| slots(sql, Place::of_read)));
        let mut tables = recorded.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut tables, &read);
    });
}

/// Adds the tables that a statement may write. A function that writes tables hides them.
pub fn add_written(sql: &str, tables: &mut Vec<Slot>) {
    let written = WRITTEN_BY.with(|known| known.get(sql, written));
    add(tables, &written);
}

fn written(sql: &str) -> Rc<[Slot]> {
    let verb = sql.split_whitespace().next().unwrap_or_default();
    let reads = ["SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "EXPLAIN"];
    if reads.iter().any(|read| verb.eq_ignore_ascii_case(read)) {
        return Rc::default();
    }
    slots(sql, Place::of_write)
}

fn slots(sql: &str, place_after: fn(&str) -> Place) -> Rc<[Slot]> {
    let mut slots = Vec::new();
    each_name(sql, place_after, |name| {
        add(&mut slots, &[Slot::of(&name.to_ascii_lowercase())]);
    });
    slots.into()
}

fn add(tables: &mut Vec<Slot>, slots: &[Slot]) {
    for slot in slots {
        if !tables.contains(slot) {
            tables.push(*slot);
        }
    }
}

/// What a word or a comma says about the name after it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Other,
    /// The name is that of a table, perhaps after that of its schema.
    Table,
    /// The name is that of a table or of a column of it, or of something else: `posts` in `posts.title`.
    Listed,
}

impl Place {
    fn of_read(word: &str) -> Self {
        match word {
            "," => Self::Listed,
            word => Self::after(word, &["FROM", "JOIN", "ONLY", "LATERAL"]),
        }
    }

    fn of_write(word: &str) -> Self {
        Self::after(
            word,
            &["INTO", "UPDATE", "FROM", "TABLE", "TRUNCATE", "ONLY"],
        )
    }

    fn after(word: &str, keywords: &[&str]) -> Self {
        if keywords
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
        {
            Self::Table
        } else {
            Self::Other
        }
    }
}

/// Calls `found` with every name that may be that of a table, and with some others. A statement that names no table in these
/// places is not ours.
fn each_name(sql: &str, place_after: fn(&str) -> Place, mut found: impl FnMut(&str)) {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let begins = |letter: char| is_letter(letter) || matches!(letter, '"' | '\'' | ',');
    let (mut rest, mut place) = (sql, Place::Other);
    while let Some(start) = rest.find(begins) {
        rest = &rest[start..];
        let quote = rest
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        let (word, after) = if let Some(quote) = quote {
            rest[1..].split_once(quote).unwrap_or((&rest[1..], ""))
        } else {
            let end = rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len());
            rest.split_at(end.max(1))
        };
        rest = after;
        if quote == Some('\'') {
            place = Place::Other;
            continue;
        }
        if place != Place::Other && word != "," {
            found(word);
        }
        let is_schema = place == Place::Table && rest.starts_with('.');
        if !is_schema {
            place = match quote {
                Some(_) => Place::Other,
                None => place_after(word),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str, place_after: fn(&str) -> Place) -> Vec<String> {
        let mut names = Vec::new();
        each_name(sql, place_after, |name| {
            if !names.contains(&name.to_owned()) {
                names.push(name.to_owned());
            }
        });
        names
    }

    #[test]
    fn the_tables_of_a_read_are_found() {
        let read = |sql: &str| names(sql, Place::of_read);
        let posts = r#"SELECT "posts"."id", "posts"."title" FROM "posts" LEFT JOIN "users" AS "u" ON "u"."id" = $1
            WHERE "x" IN (SELECT "post_id" FROM "likes") AND 'FROM secrets' <> $2"#;
        assert_eq!(read(posts), ["posts", "users", "likes"]);
        assert_eq!(
            read("select 1 from a, b join only c"),
            ["a", "b", "only", "c"]
        );
        assert_eq!(read("SELECT * FROM public.posts"), ["public", "posts"]);
        assert_eq!(read("SELECT 'it''s' FROM t"), ["t"]);
        assert_eq!(read(r#"SELECT 1 FROM "unclosed"#), ["unclosed"]);
    }

    #[test]
    fn the_tables_of_a_write_are_found_and_those_of_a_read_are_not() {
        let written = |sql: &str| {
            let mut tables = Vec::new();
            add_written(sql, &mut tables);
            tables
        };
        let slots = |names: &[&str]| names.iter().map(Slot::of).collect::<Vec<_>>();
        assert_eq!(
            written(r#"INSERT INTO "posts" ("a") VALUES ($1)"#),
            slots(&["posts"])
        );
        assert_eq!(written(r#"UPDATE "posts" SET "a" = $1"#), slots(&["posts"]));
        assert_eq!(written("delete from Posts where id = 1"), slots(&["posts"]));
        let both = "WITH gone AS (DELETE FROM posts RETURNING id) INSERT INTO log SELECT 1";
        assert_eq!(written(both), slots(&["posts", "log"]));
        assert_eq!(written(r#"SELECT 1 FROM "posts" FOR UPDATE"#), []);
        assert_eq!(written("SAVEPOINT attempt"), []);
    }

    #[tokio::test]
    async fn reads_are_recorded_within_their_work_only() {
        note_read("SELECT 1 FROM before");
        let ((), tables) = record_reads(async { note_read("SELECT 1 FROM posts") }).await;
        assert_eq!(tables, [Slot::of("posts")]);
    }
}
