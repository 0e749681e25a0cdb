//! Several writes of one resource as one: all of them, or none (contract §11).
//!
//! What follows one another and is of one kind is written together. The result is that of one by one, in order, but
//! for who gets a unique value among those (`docs/api.md`).
use std::collections::{BTreeSet, HashSet};

use crate::{
    Actor, Crud, Error, Reads, Refusal, Result, Session, Tx,
    access::forbidden,
    crud::{Expected, Model, Target, scope},
    permission::Action,
};

/// Operations of one request.
pub const MOST: usize = 1_000;

/// Refusals of one request that are reported.
const REPORTED: usize = 100;

/// Operations that are written together.
const TOGETHER: usize = 100;

pub enum Operation<C: Crud> {
    Create(C::New),
    Update(Target, C::Patch),
    Delete(Target),
}

/// What became of one.
#[derive(Debug)]
pub struct Done {
    pub action: Action,
    pub id: i64,
    pub version: i64,
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

    /// What holds for a row of which the operation names no version.
    pub fn unless_said(&mut self, expected: &Expected) {
        if let Self::Update(target, _) | Self::Delete(target) = self
            && target.expected == Expected::Anything
        {
            target.expected = expected.clone();
        }
    }
}

/// What must not hold a transaction open, for those who may do all of it: hashing is work that not everybody can ask for.
/// Fails with [`Error::Operations`] where some were refused.
pub async fn prepare<C: Crud>(session: &Session, operations: &mut [Operation<C>]) -> Result<()> {
    check_could(session.actor(), operations)?;
    let mut refused = Refused::default();
    for (place, operation) in operations.iter_mut().enumerate() {
        if let Operation::Create(new) = operation
            && let Err(error) = C::prepare(session, new).await
        {
            refused.add(place, error.beneath("/data"))?;
        }
    }
    refused.or(())
}

/// In the order of the operations. Fails with [`Error::Operations`] where some were refused: with all that were, of those
/// that are written together.
pub async fn bulk<C: Crud>(tx: &Tx, operations: &[Operation<C>]) -> Result<Vec<Done>> {
    check_could(tx.actor(), operations)?;
    hold(tx, operations).await?;
    let mut done = Vec::with_capacity(operations.len());
    while done.len() < operations.len() {
        let rest = &operations[done.len()..];
        let group = &rest[..together(rest)];
        // What is about more than one row is said of the first.
        let answers = match run::<C>(tx, group).await {
            Err(error) if error.is_refusal() => vec![Err(error)],
            answers => answers?,
        };
        done.extend(all(done.len(), answers)?);
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
            Err(forbidden(action))
        }
    };
    all(0, operations.iter().map(check).collect()).map(drop)
}

/// Locks every row that is named, in the order of their ids: in that of the operations, two requests could wait for each other.
async fn hold<C: Crud>(tx: &Tx, operations: &[Operation<C>]) -> Result<()> {
    let targets = operations.iter().filter_map(Operation::target);
    let ids: BTreeSet<_> = targets.map(|target| target.id).collect();
    match ids.len() {
        0 | 1 => Ok(()),
        _ => scope::hold::<C>(tx, ids).await,
    }
}

/// How many of the first are of one kind, and about a row each; not so many that their texts fill the memory.
fn together<C: Crud>(operations: &[Operation<C>]) -> usize {
    let mut seen = HashSet::new();
    let kind = operations.first().map(Operation::action);
    let goes_on = |operation: &&Operation<C>| {
        let is_new = operation
            .target()
            .is_none_or(|target| seen.insert(target.id));
        is_new && Some(operation.action()) == kind
    };
    operations.iter().take(TOGETHER).take_while(goes_on).count()
}

async fn run<C: Crud>(tx: &Tx, group: &[Operation<C>]) -> Result<Vec<Result<Done>>> {
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
    let row = |row: Model<C>| done(C::id(&row), C::version(&row));
    let rows = |rows: Vec<Result<Model<C>>>| rows.into_iter().map(|found| found.map(row)).collect();
    Ok(match action {
        Action::Update => rows(C::update_all(tx, &targets, &patches).await?),
        Action::Delete => {
            let gone = C::delete_all(tx, &targets).await?.into_iter().zip(&targets);
            gone.map(|(version, target)| Ok(done(target.id, version?)))
                .collect()
        }
        _ => rows(C::create_all(tx, &new).await?),
    })
}

/// Everything that was done, or what of it was refused; `first` is the place of the first.
fn all<T>(first: usize, answers: Vec<Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(answers.len());
    let mut refused = Refused::default();
    for (place, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(answer) => done.push(answer),
            Err(error) => refused.add(first + place, error.beneath("/data"))?,
        }
    }
    refused.or(done)
}

/// Operations that were refused: as the first of them would have been alone.
#[derive(Default)]
pub struct Refused {
    first: Option<Error>,
    count: usize,
    refusals: Vec<Refusal>,
}

impl Refused {
    /// Pointers are into the operation. Fails with the error where nobody who calls can mend it.
    pub fn add(&mut self, place: usize, error: Error) -> Result<()> {
        let Some(refusals) = error.refusals() else {
            return Err(error);
        };
        self.first.get_or_insert(error);
        self.count += 1;
        let refusals = refusals.into_iter().map(|refusal| Refusal {
            at: format!("/operations/{place}{}", refusal.at),
            ..refusal
        });
        let free = REPORTED.saturating_sub(self.refusals.len());
        self.refusals.extend(refusals.take(free));
        Ok(())
    }

    /// What was done, where nothing was refused.
    pub fn or<T>(self, done: T) -> Result<T> {
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
