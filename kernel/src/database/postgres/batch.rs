//! Reads of single rows that are asked while the same statement runs for another request. Together they become one statement,
//! which applies the condition of each request to its own values.
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use foldhash::fast::RandomState;
use sea_orm::{
    ConnAcquireErr, DbBackend, DbErr, QueryResult, RuntimeErr, Statement,
    sea_query::{ArrayType, Value},
};
use tokio::{
    runtime::Handle,
    sync::oneshot::{Receiver, Sender, channel},
    time::timeout_at,
};
use tracing::{Instrument, Span};

use super::{Lane, Postgres, connection_error, lease::SLACK, manager::no_answer, worker::Worker};
use crate::{Deadline, database::reader::overrun};

/// The most reads of one statement. Further ones wait for the next.
const MAX: usize = 128;
/// The column that names the read whose row it is.
const PLACE: &str = "read#";

type Answer = Result<Option<QueryResult>, DbErr>;

/// A statement, without its values.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Question {
    sql: String,
    /// The SQL types of the values.
    types: Vec<&'static str>,
}

/// A read that waits for its turn.
struct Waiting {
    values: Vec<Value>,
    deadline: Deadline,
    answer: Sender<Answer>,
    /// The span of the request that asks.
    span: Span,
}

/// The questions for which a statement runs, each with the reads that wait until it ends.
#[derive(Default)]
pub(super) struct Batches(Mutex<Running>);

type Running = HashMap<Arc<Question>, Vec<Waiting>, RandomState>;

impl Batches {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a read to those that wait. Returns `None` if no statement runs for this question, so that the caller must run it.
    fn wait(
        &self,
        question: &Arc<Question>,
        statement: &Statement,
        deadline: Deadline,
    ) -> Option<Receiver<Answer>> {
        let mut all = self.lock();
        let Some(others) = all.get_mut(question) else {
            all.insert(question.clone(), Vec::new());
            return None;
        };
        let (answer, answered) = channel();
        others.push(Waiting {
            values: values(statement).cloned().collect(),
            deadline,
            answer,
            span: Span::current(),
        });
        Some(answered)
    }

    /// Takes the reads that wait. Returns `None`, and forgets the question, if there are none.
    fn take(&self, question: &Question) -> Option<Vec<Waiting>> {
        let mut all = self.lock();
        let waiting = all.get_mut(question)?;
        if waiting.is_empty() {
            all.remove(question);
            return None;
        }
        Some(waiting.drain(..waiting.len().min(MAX)).collect())
    }
}

impl Postgres {
    /// Reads at most one row. `statement` must find it by a unique key.
    pub(in super::super) async fn find(
        &self,
        statement: Statement,
        deadline: Deadline,
        lane: Lane,
    ) -> Answer {
        let worker = self.worker.as_ref().filter(|_| self.node.is_named);
        let together = worker.and_then(|worker| Some((worker, Question::new(&statement)?)));
        let Some((worker, question)) = together else {
            return self.query_one(&statement, deadline, lane).await;
        };
        let question = Arc::new(question);
        let Some(answered) = worker.batches.wait(&question, &statement, deadline) else {
            let _turn = Turn {
                postgres: self.clone(),
                worker: worker.clone(),
                question,
                lane,
            };
            return self.query_one(&statement, deadline, lane).await;
        };
        match timeout_at(deadline.instant() + SLACK, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(connection_error(no_answer())),
            Err(_late) => Err(overrun()),
        }
    }
}

/// The time in which a statement runs for a question. When it ends, also because its request was cancelled, a task of its own
/// runs the statements for the reads that wait.
struct Turn {
    postgres: Postgres,
    worker: Arc<Worker>,
    question: Arc<Question>,
    lane: Lane,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(waiting) = self.worker.batches.take(&self.question) else {
            return;
        };
        let next = Self {
            postgres: self.postgres.clone(),
            worker: self.worker.clone(),
            question: self.question.clone(),
            lane: self.lane,
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(next.run(waiting))),
            // The worker has ended. What waits fails, and does not wait for ever.
            Err(_) => drop(self.worker.batches.lock().remove(&self.question)),
        }
    }
}

impl Turn {
    /// Runs one statement after another, until no read waits.
    async fn run(self, first: Vec<Waiting>) {
        let mut combined = None;
        let mut next = Some(first);
        while let Some(mut waiting) = next {
            waiting.retain(|read| !read.answer.is_closed());
            match waiting.len() {
                0 => {}
                1 => self.answer_one(waiting.remove(0)).await,
                _ => {
                    let sql = combined.get_or_insert_with(|| self.question.combined());
                    self.answer_all(sql, waiting).await;
                }
            }
            next = self.worker.batches.take(&self.question);
        }
    }

    async fn answer_one(&self, read: Waiting) {
        let statement = statement(&self.question.sql, read.values);
        let found = self
            .postgres
            .query_one(&statement, read.deadline, self.lane)
            .instrument(read.span);
        // The request may have been cancelled, and then nothing waits for the answer.
        let _ = read.answer.send(found.await);
    }

    async fn answer_all(&self, combined: &str, waiting: Vec<Waiting>) {
        let mut latest = waiting[0].deadline;
        // A statement has one place in the log: with the request that has waited longest.
        let span = waiting[0].span.clone();
        let mut columns: Vec<Vec<Value>> = Vec::new();
        let mut answers = Vec::with_capacity(waiting.len());
        for read in waiting {
            if read.deadline.instant() > latest.instant() {
                latest = read.deadline;
            }
            columns.resize_with(read.values.len(), Vec::new);
            for (column, value) in columns.iter_mut().zip(read.values) {
                column.push(value);
            }
            answers.push(Some(read.answer));
        }
        let arrays = columns.into_iter().filter_map(array).collect();
        let statement = statement(combined, arrays);
        let found = self.postgres.query_all(&statement, latest, self.lane);
        match found.instrument(span).await {
            Ok(rows) => {
                for row in rows {
                    let place = row.try_get("", PLACE);
                    let place = place
                        .ok()
                        .and_then(|place: i64| usize::try_from(place - 1).ok());
                    let answer = place.and_then(|place| answers.get_mut(place)?.take());
                    if let Some(answer) = answer {
                        let _ = answer.send(Ok(Some(row)));
                    }
                }
                for answer in answers.into_iter().flatten() {
                    let _ = answer.send(Ok(None));
                }
            }
            Err(error) => {
                for answer in answers.into_iter().flatten() {
                    let _ = answer.send(Err(share(&error)));
                }
            }
        }
    }
}

fn statement(sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

fn values(statement: &Statement) -> impl Iterator<Item = &Value> {
    statement.values.iter().flat_map(|values| &values.0)
}

impl Question {
    /// Returns `None` for a statement without values, and if an array of one of them is not supported.
    fn new(statement: &Statement) -> Option<Self> {
        let types = values(statement).map(|value| Some(kind(value)?.1));
        let types: Vec<_> = types.collect::<Option<_>>()?;
        (!types.is_empty()).then(|| Self {
            sql: statement.sql.clone(),
            types,
        })
    }

    /// Returns the statement that asks this for each element of its values, which become arrays.
    fn combined(&self) -> String {
        let mut arrays = String::new();
        let mut names = String::new();
        for (at, kind) in (1..).zip(&self.types) {
            let _ = write!(arrays, "{}${at}::{kind}[]", separator(&arrays));
            let _ = write!(names, "v{at}, ");
        }
        let each = replace_parameters(&self.sql);
        format!(
            "SELECT asked.\"{PLACE}\", found.* FROM unnest({arrays}) WITH ORDINALITY AS asked({names}\"{PLACE}\") \
             CROSS JOIN LATERAL ({each}) AS found"
        )
    }
}

fn separator(list: &str) -> &'static str {
    if list.is_empty() { "" } else { ", " }
}

/// Replaces the parameters, `$1`, by the columns of the values, `asked.v1`. Quoted texts stay as they are.
fn replace_parameters(sql: &str) -> String {
    let mut replaced = String::with_capacity(sql.len() + 64);
    let mut quote = None;
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '$') if characters.peek().is_some_and(char::is_ascii_digit) => {
                replaced.push_str("asked.v");
                continue;
            }
            _ => {}
        }
        replaced.push(character);
    }
    replaced
}

/// Returns the type of the values of an array, for the driver and for SQL.
fn kind(value: &Value) -> Option<(ArrayType, &'static str)> {
    Some(match value {
        Value::Bool(_) => (ArrayType::Bool, "boolean"),
        Value::Int(_) => (ArrayType::Int, "integer"),
        Value::BigInt(_) => (ArrayType::BigInt, "bigint"),
        Value::String(_) => (ArrayType::String, "text"),
        Value::Uuid(_) => (ArrayType::Uuid, "uuid"),
        _ => return None,
    })
}

fn array(values: Vec<Value>) -> Option<Value> {
    let (kind, _) = kind(values.first()?)?;
    Some(Value::Array(kind, Some(Box::new(values))))
}

/// Returns the error for one more read that shared the statement.
fn share(error: &DbErr) -> DbErr {
    match error {
        DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            DbErr::Query(RuntimeErr::SqlxError(cause.clone()))
        }
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => {
            DbErr::Conn(RuntimeErr::SqlxError(cause.clone()))
        }
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        }
        _ => connection_error(no_answer()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_columns_of_arrays() {
        let sql =
            r#"SELECT "a$1", '$2' FROM t WHERE id = $1 AND (kind = 'it''s $1' OR owner = $12)"#;

        let replaced = replace_parameters(sql);

        assert_eq!(
            replaced,
            r#"SELECT "a$1", '$2' FROM t WHERE id = asked.v1 AND (kind = 'it''s $1' OR owner = asked.v12)"#
        );
    }

    #[test]
    fn a_statement_with_values_of_other_types_runs_alone() {
        let statement =
            |values| Statement::from_sql_and_values(DbBackend::Postgres, "SELECT $1", values);

        assert!(Question::new(&statement(vec![Value::from(1.5)])).is_none());
        assert!(Question::new(&statement(Vec::new())).is_none());
        assert_eq!(
            Question::new(&statement(vec![Value::from(7_i64)]))
                .unwrap()
                .combined(),
            "SELECT asked.\"read#\", found.* FROM unnest($1::bigint[]) WITH ORDINALITY AS asked(v1, \"read#\") \
             CROSS JOIN LATERAL (SELECT asked.v1) AS found"
        );
    }
}
