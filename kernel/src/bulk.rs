//! Runs several writes of one resource in one transaction: all succeed, or none (contract §11).
//!
//! Consecutive operations of the same kind are written together. The result is that of running them one by one, except that
//! their unique values are checked together (`docs/api.md`).
use std::collections::{BTreeSet, HashSet};

use crate::{
    Actor, Crud, CrudOperations, Error, Reads, Refusal, Result, Session, Tx,
    crud::{Expected, Target},
    permission::Action,
    resource::{Model, scope},
};

/// The most operations of one request.
pub const MAX_OPERATIONS: usize = 1_000;

/// The most refusals that are reported for one request.
const MAX_REPORTED: usize = 100;

/// The most operations that are written together.
const MAX_GROUP: usize = 100;

pub enum Operation<C: Crud> {
    Create(C::New),
    Update(Target, C::Patch),
    Delete(Target),
}

/// The treatment of a deletion whose row does not exist, is deleted already, or is not visible to the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnMissing {
    /// The whole request is refused.
    #[default]
    Refuse,
    /// The deletion is skipped.
    Skip,
}

/// The result of one operation.
#[derive(Debug)]
pub struct Done {
    pub action: Action,
    pub id: i64,
    /// The version of the row after the operation; `None` if the operation was skipped.
    pub version: Option<i64>,
}

impl<C: Crud> Operation<C> {
    pub const fn action(&self) -> Action {
        match self {
            Self::Create(_) => Action::Create,
            Self::Update(..) => Action::Update,
            Self::Delete(_) => Action::Delete,
        }
    }

    fn target(&self) -> Option<&Target> {
        match self {
            Self::Create(_) => None,
            Self::Update(target, _) | Self::Delete(target) => Some(target),
        }
    }

    /// Sets the expected version of an operation that names none.
    pub fn set_default_version(&mut self, expected: &Expected) {
        if let Self::Update(target, _) | Self::Delete(target) = self
            && target.expected == Expected::Anything
        {
            target.expected = expected.clone();
        }
    }
}

/// Does the work that must not hold a transaction open, such as hashing. It first checks that the actor could do every
/// operation, because that work is expensive. Fails with [`Error::Operations`] if some were refused.
pub async fn prepare<C: Crud>(session: &Session, operations: &mut [Operation<C>]) -> Result<()> {
    check_could(session.actor(), operations)?;
    let mut refused = Refused::default();
    for (index, operation) in operations.iter_mut().enumerate() {
        let prepared = match operation {
            Operation::Create(new) => C::prepare(session, new).await,
            Operation::Update(_, patch) => C::prepare_patch(session, patch).await,
            Operation::Delete(_) => Ok(()),
        };
        if let Err(error) = prepared {
            refused.add(index, error.with_pointer_prefix("/data"))?;
        }
    }
    refused.into_result(())
}

/// Runs the operations in their order. Fails with [`Error::Operations`] if some were refused: it reports all refused
/// operations of the group that is written together.
pub async fn bulk<C: Crud>(
    tx: &Tx,
    operations: &[Operation<C>],
    on_missing: OnMissing,
) -> Result<Vec<Done>> {
    check_could(tx.actor(), operations)?;
    lock_targets(tx, operations).await?;
    let mut done = Vec::with_capacity(operations.len());
    while done.len() < operations.len() {
        let rest = &operations[done.len()..];
        let group = &rest[..group_length(rest)];
        // A refusal that is about several rows is reported for the first one.
        let answers = match run::<C>(tx, group, on_missing).await {
            Err(error) if error.is_refusal() => vec![Err(error)],
            answers => answers?,
        };
        done.extend(collect_results(done.len(), answers)?);
    }
    Ok(done)
}

/// Fails unless the actor could do every operation to some row.
fn check_could<C: Crud>(actor: &Actor, operations: &[Operation<C>]) -> Result<()> {
    let check = |operation: &Operation<C>| {
        let action = operation.action();
        if C::could(actor, action) {
            Ok(())
        } else {
            Err(C::permission_rules().forbidden(action, true))
        }
    };
    collect_results(0, operations.iter().map(check).collect()).map(drop)
}

/// Locks the rows of all operations in the order of their ids, so that two requests cannot deadlock.
async fn lock_targets<C: Crud>(tx: &Tx, operations: &[Operation<C>]) -> Result<()> {
    let targets = operations.iter().filter_map(Operation::target);
    let ids: BTreeSet<_> = targets.map(|target| target.id).collect();
    match ids.len() {
        0 | 1 => Ok(()),
        _ => scope::lock_ids::<C>(tx, ids).await,
    }
}

/// Returns how many of the first operations are of one kind and about different rows, up to a limit that bounds the memory
/// of their texts.
fn group_length<C: Crud>(operations: &[Operation<C>]) -> usize {
    let mut seen = HashSet::new();
    let kind = operations.first().map(Operation::action);
    let continues = |operation: &&Operation<C>| {
        let is_new = operation
            .target()
            .is_none_or(|target| seen.insert(target.id));
        is_new && Some(operation.action()) == kind
    };
    operations
        .iter()
        .take(MAX_GROUP)
        .take_while(continues)
        .count()
}

async fn run<C: Crud>(
    tx: &Tx,
    group: &[Operation<C>],
    on_missing: OnMissing,
) -> Result<Vec<Result<Done>>> {
    let (mut new, mut patches, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for operation in group {
        targets.extend(operation.target().cloned());
        match operation {
            Operation::Create(row) => new.push(row.clone()),
            Operation::Update(_, patch) => patches.push(patch.clone()),
            Operation::Delete(_) => {}
        }
    }
    let action = group.first().map_or(Action::Create, Operation::action);
    let done = |id, version| Done {
        action,
        id,
        version,
    };
    let row = |row: Model<C>| done(C::id(&row), Some(C::version(&row)));
    let rows = |rows: Vec<Result<Model<C>>>| rows.into_iter().map(|found| found.map(row)).collect();
    Ok(match action {
        Action::Update => rows(C::update_all(tx, &targets, &patches).await?),
        Action::Delete => {
            let gone = C::delete_all(tx, &targets).await?.into_iter().zip(&targets);
            gone.map(|(version, target)| match version {
                Err(Error::NotFound) if on_missing == OnMissing::Skip => Ok(done(target.id, None)),
                version => Ok(done(target.id, Some(version?))),
            })
            .collect()
        }
        _ => rows(C::create_all(tx, &new).await?),
    })
}

/// Returns all results, or fails with the refused operations; `first` is the index of the first operation.
fn collect_results<T>(first: usize, answers: Vec<Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(answers.len());
    let mut refused = Refused::default();
    for (index, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(answer) => done.push(answer),
            Err(error) => refused.add(first + index, error.with_pointer_prefix("/data"))?,
        }
    }
    refused.into_result(done)
}

/// The refused operations of a request. The error of the first one decides the answer.
#[derive(Default)]
pub struct Refused {
    first: Option<Error>,
    count: usize,
    refusals: Vec<Refusal>,
}

impl Refused {
    /// Adds a refused operation; the pointers of `error` are relative to it. Fails with the error if the caller cannot fix it.
    pub fn add(&mut self, index: usize, error: Error) -> Result<()> {
        let Some(refusals) = error.refusals() else {
            return Err(error);
        };
        self.first.get_or_insert(error);
        self.count += 1;
        let refusals = refusals.into_iter().map(|refusal| Refusal {
            at: format!("/operations/{index}{}", refusal.at),
            ..refusal
        });
        let free = MAX_REPORTED.saturating_sub(self.refusals.len());
        self.refusals.extend(refusals.take(free));
        Ok(())
    }

    /// Returns `done` if nothing was refused.
    pub fn into_result<T>(self, done: T) -> Result<T> {
        match self.first {
            None => Ok(done),
            Some(first) => Err(Error::Operations {
                first: first.into(),
                count: self.count,
                refusals: self.refusals,
            }),
        }
    }
}
