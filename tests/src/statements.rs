//! The statements of a server: tests count them, and every test checks that they are scoped.
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use sea_orm::Statement;
use service::registry;
use tokio::sync::watch;

/// The most texts of statements that are remembered.
const MOST_TEXTS: usize = 10_000;

/// The statements of one server.
#[derive(Clone, Default)]
pub struct Statements {
    log: Arc<Mutex<Log>>,
    /// The number of all statements so far.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Log {
    seen: Vec<Statement>,
    unscoped: Vec<String>,
}

impl Statements {
    pub fn observer(&self) -> kernel::database::Observer {
        let (log, count) = (self.log.clone(), self.count.clone());
        Arc::new(move |statement| {
            count.send_modify(|count| *count += 1);
            let mut log = log.lock().unwrap();
            log.seen.push(statement.clone());
            if let Some(table) = checked(&statement.sql) {
                log.unscoped.push(format!("{table}: {}", statement.sql));
            }
        })
    }

    /// The number of all statements so far.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until the number of statements has reached `count`.
    pub async fn reach(&self, count: usize) {
        let mut seen = self.count.subscribe();
        seen.wait_for(|seen| *seen >= count).await.unwrap();
    }

    /// Returns the texts of the statements since the last call.
    pub fn take(&self) -> Vec<String> {
        let taken = self.take_whole().into_iter();
        taken.map(|statement| statement.sql).collect()
    }

    /// Returns the statements since the last call, with their values.
    pub fn take_whole(&self) -> Vec<Statement> {
        std::mem::take(&mut self.log.lock().unwrap().seen)
    }

    /// Forgets the statements so far: migrations work on whole tables.
    pub fn forget(&self) {
        *self.log.lock().unwrap() = Log::default();
    }

    pub fn assert_scoped(&self) {
        let unscoped = self.log.lock().unwrap().unscoped.clone();
        assert!(
            unscoped.is_empty(),
            "these statements read or change a table without a condition on its deleted_at; \
             start from a function of kernel::resource::scope:\n{}",
            unscoped.join("\n")
        );
    }
}

/// Like [`unscoped`], once for each text: most statements are sent thousands of times.
fn checked(sql: &str) -> Option<&'static str> {
    static CHECKED: LazyLock<Mutex<HashMap<String, Option<&'static str>>>> =
        LazyLock::new(Mutex::default);
    let mut known = CHECKED.lock().unwrap();
    if known.len() > MOST_TEXTS {
        known.clear();
    }
    if let Some(table) = known.get(sql) {
        return *table;
    }
    *known.entry(sql.to_owned()).or_insert_with(|| unscoped(sql))
}

/// Returns the first table with soft deletion that a statement reads or changes more often than it has a condition on its `deleted_at`.
fn unscoped(sql: &str) -> Option<&'static str> {
    let count = |text: String| sql.matches(&text).count();
    registry()
        .tables()
        .iter()
        .map(|table| table.name)
        .find(|table| {
            let touched: usize = ["FROM", "JOIN", "UPDATE"]
                .iter()
                .map(|verb| count(format!(r#"{verb} "{table}""#)))
                .sum();
            touched > count(format!(r#""{table}"."deleted_at" IS"#))
        })
}

#[cfg(test)]
mod tests {
    use super::unscoped;

    #[test]
    fn a_statement_without_the_scope_is_found() {
        assert_eq!(
            unscoped(r#"SELECT "id" FROM "posts" WHERE "posts"."id" = 1"#),
            Some("posts")
        );
        assert_eq!(unscoped(r#"DELETE FROM "posts""#), Some("posts"));
        assert_eq!(
            unscoped(r#"UPDATE "users" SET "bio" = '' WHERE "users"."id" = 1"#),
            Some("users")
        );
        assert_eq!(
            unscoped(r#"SELECT 1 FROM "posts" WHERE "posts"."deleted_at" IS NULL"#),
            None
        );
        assert_eq!(unscoped(r#"INSERT INTO "posts" ("id") VALUES (1)"#), None);
        let half = r#"SELECT 1 FROM "comments" JOIN "posts" ON 1 = 1 WHERE "comments"."deleted_at" IS NULL"#;
        assert_eq!(unscoped(half), Some("posts"));
    }
}
