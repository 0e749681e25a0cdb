//! Checks whether a caller may still make a request, before the answer that is stored under its idempotency key is replayed.
//! The caller may use another credential of the same user, or may have lost permissions since.
use std::collections::{HashMap, HashSet};

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, IdenStatic, IntoActiveModel, Iterable, QueryFilter,
};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Code, Crud, Error, Reads, Result, Tx,
    bulk::Operation,
    crud::{claim, lock_for_create, stamp_new},
    permission::{Action, Reach},
    resource::{
        Active, Change, Column, Deleted, Model, owner, require_permission, scope, shows_private,
    },
};

/// The id that stands for the row of a skipped operation in [`Notes::ids`].
pub const SKIPPED: i64 = 0;

/// A request that writes rows of one resource. The ids are those of the rows.
pub enum WriteRequest<'a, C: Crud> {
    Create(&'a C::New),
    Update(i64, &'a C::Patch),
    Delete(i64),
    Restore(i64, Option<&'a C::Patch>),
    Revert(i64),
    Purge(i64),
    Bulk(&'a [Operation<C>]),
}

/// Facts that are stored with an answer, so that its request can be checked after its rows are purged.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// The rows that were written, in the order of the request; 0 for an operation that was skipped.
    pub ids: Vec<i64>,
    /// The permission that each deletion needed.
    pub needs: Vec<Need>,
    /// The fields that were changed.
    pub fields: Vec<String>,
}

/// The permission that a deletion needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// The row was the user's own.
    Own,
    /// The row belonged to another user.
    All,
    /// A rule of the resource allowed it.
    Rule,
}

impl Need {
    fn new<C: Crud>(actor: &Actor, action: Action, row: &Model<C>) -> Self {
        let is_own = actor.is_owner(owner::<C>(row));
        match actor.reach(C::name(), action) {
            Reach::All | Reach::Own if is_own => Self::Own,
            Reach::All => Self::All,
            _ => Self::Rule,
        }
    }

    fn is_met<C: Crud>(self, actor: &Actor, action: Action) -> bool {
        let reach = actor.reach(C::name(), action);
        match self {
            Self::Own => reach > Reach::None,
            Self::All => reach == Reach::All,
            Self::Rule => C::could(actor, action),
        }
    }
}

/// One operation of the request on one row.
struct Step {
    action: Action,
    id: i64,
    need: Option<Need>,
}

impl<C: Crud> WriteRequest<'_, C> {
    /// Returns the permission that each deletion of the request needs. Call it before they run.
    pub async fn needs(&self, tx: &Tx) -> Result<Vec<Need>> {
        let (action, ids): (_, Vec<i64>) = match self {
            Self::Delete(id) => (Action::Delete, vec![*id]),
            Self::Purge(id) => (Action::Purge, vec![*id]),
            Self::Bulk(operations) => (Action::Delete, deleted(operations).collect()),
            _ => return Ok(Vec::new()),
        };
        let rows = rows::<C>(tx, &ids).await?;
        let need = |id: &i64| {
            let row = rows.get(id);
            row.map_or(Need::All, |row| Need::new::<C>(tx.actor(), action, row))
        };
        Ok(ids.iter().map(need).collect())
    }

    /// Returns true if the answer shows one row.
    pub fn shows_row(&self) -> bool {
        !matches!(self, Self::Delete(_) | Self::Purge(_) | Self::Bulk(_))
    }

    /// Fails as the request would if it ran now, as far as that depends on the actor. Returns true if the actor sees the
    /// private fields of the row.
    pub async fn authorize(&self, tx: &Tx, notes: &Notes) -> Result<bool> {
        let steps = self.steps(notes)?;
        let ids: Vec<_> = steps.iter().map(|step| step.id).collect();
        let rows = rows::<C>(tx, &ids).await?;
        let seen = seen::<C>(tx, &ids).await?;
        for step in &steps {
            step.check_visible::<C>(tx.actor(), rows.get(&step.id), &seen)?;
        }
        for action in [Action::Update, Action::Delete, Action::Restore] {
            let acted_on = steps.iter().filter(|step| step.action == action);
            let acted_on: Vec<_> = acted_on
                .filter_map(|step| rows.get(&step.id).cloned())
                .collect();
            if !acted_on.is_empty() {
                let verdicts = C::authorize(tx, action, &acted_on).await?;
                verdicts.into_iter().collect::<Result<Vec<()>>>()?;
            }
        }
        self.authorize_values(tx, notes, &rows).await?;
        let row = steps.first().and_then(|step| rows.get(&step.id));
        Ok(row.is_some_and(|row| shows_private::<C>(tx.actor(), row)))
    }

    fn steps(&self, notes: &Notes) -> Result<Vec<Step>> {
        let first = notes.ids.first().copied();
        let one = |action, id, need| {
            let id: Option<i64> = id;
            let id = id.ok_or(Error::NotFound)?;
            Ok(vec![Step { action, id, need }])
        };
        let need = notes.needs.first().copied();
        match self {
            Self::Create(_) => one(Action::Create, first, None),
            Self::Update(id, _) | Self::Revert(id) => one(Action::Update, Some(*id), None),
            Self::Delete(id) => one(Action::Delete, Some(*id), need),
            Self::Restore(id, _) => one(Action::Restore, Some(*id), None),
            Self::Purge(id) => one(Action::Purge, Some(*id), need),
            Self::Bulk(operations) => {
                let mut needs = notes.needs.iter().copied();
                let step = |(operation, id): (&Operation<C>, &i64)| {
                    let action = operation.action();
                    let need = match action {
                        Action::Delete => needs.next(),
                        _ => None,
                    };
                    let id = *id;
                    Step { action, id, need }
                };
                let steps = operations.iter().zip(&notes.ids).map(step);
                Ok(steps.filter(|step| step.id != SKIPPED).collect())
            }
        }
    }

    /// Checks the rules about the values that the request sends.
    async fn authorize_values(
        &self,
        tx: &Tx,
        notes: &Notes,
        rows: &HashMap<i64, Model<C>>,
    ) -> Result<()> {
        let first = |id: &i64| rows.get(id).ok_or(Error::NotFound);
        match self {
            Self::Create(new) => may_create::<C>(tx, vec![(*new).clone()]).await,
            Self::Update(id, patch) => {
                may_update::<C>(tx, first(id)?, (*patch).clone(), &notes.fields).await
            }
            Self::Restore(id, Some(patch)) => {
                let row = first(id)?;
                let may = C::authorize(tx, Action::Update, std::slice::from_ref(row)).await?;
                may.into_iter().collect::<Result<Vec<()>>>()?;
                may_update::<C>(tx, row, (*patch).clone(), &notes.fields).await
            }
            Self::Revert(id) => require_permission::<C>(tx.actor(), Action::Audit, first(id)?),
            Self::Delete(_) | Self::Restore(_, None) | Self::Purge(_) => Ok(()),
            Self::Bulk(operations) => {
                let new = operations.iter().filter_map(|operation| match operation {
                    Operation::Create(new) => Some(new.clone()),
                    _ => None,
                });
                may_create::<C>(tx, new.collect()).await?;
                for operation in *operations {
                    if let Operation::Update(target, patch) = operation {
                        let row = first(&target.id)?;
                        may_update::<C>(tx, row, patch.clone(), &notes.fields).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Step {
    /// Fails unless the actor can see the row now, or may know that it is deleted.
    fn check_visible<C: Crud>(
        &self,
        actor: &Actor,
        row: Option<&Model<C>>,
        seen: &HashSet<i64>,
    ) -> Result<()> {
        let is_live = |row: &Model<C>| C::state(row).deletion_id.is_none();
        match (self.action, row) {
            (Action::Delete | Action::Purge, None) => {
                let need = self.need.unwrap_or(Need::All);
                if need.is_met::<C>(actor, self.action) {
                    Ok(())
                } else {
                    let is_own = matches!(need, Need::Own);
                    Err(C::permission_rules().forbidden(self.action, is_own))
                }
            }
            // The user deleted the row, and so knows that it is deleted.
            (Action::Delete, Some(row)) if !is_live(row) => Ok(()),
            // Creating a row needs no permission to read it.
            (Action::Create, Some(row)) if is_live(row) => Ok(()),
            (_, Some(_)) if seen.contains(&self.id) => Ok(()),
            _ => Err(Error::NotFound),
        }
    }
}

fn deleted<C: Crud>(operations: &[Operation<C>]) -> impl Iterator<Item = i64> {
    operations.iter().filter_map(|operation| match operation {
        Operation::Delete(target) => Some(target.id),
        _ => None,
    })
}

/// Loads the rows that still exist, live or deleted, by id.
async fn rows<C: Crud>(tx: &Tx, ids: &[i64]) -> Result<HashMap<i64, Model<C>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let id: Column<C> = C::ID;
    let all = scope::all::<C>();
    let rows = all.filter(id.is_in(ids.iter().copied())).all(tx).await?;
    Ok(rows.into_iter().map(|row| (C::id(&row), row)).collect())
}

/// Returns the ids of the rows that the actor can see, live or deleted.
async fn seen<C: Crud>(tx: &Tx, ids: &[i64]) -> Result<HashSet<i64>> {
    use sea_orm::QuerySelect;
    let id: Column<C> = C::ID;
    let rows = scope::visible::<C>(tx.actor(), Deleted::Include)
        .filter(id.is_in(ids.iter().copied()))
        .select_only()
        .column(id);
    Ok(rows.into_tuple().all(tx).await?.into_iter().collect())
}

/// Fails unless the actor may create these rows, with their author, their owners and their values.
async fn may_create<C: Crud>(tx: &Tx, new: Vec<C::New>) -> Result<()> {
    let new = new.into_iter().map(IntoActiveModel::into_active_model);
    let mut rows: Vec<_> = new.map(|row| claim::<C>(tx, row)).collect();
    lock_for_create::<C>(tx, &mut rows).await?;
    for row in rows {
        match row {
            Ok(mut row) => {
                stamp_new::<C>(&mut row);
                check::<C>(tx, Action::Create, None, &mut row).await?;
            }
            Err(Error::Invalid(refusals)) => {
                if refusals
                    .iter()
                    .any(|refusal| refusal.code == Code::NotFound)
                {
                    return Err(Error::NotFound);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fails unless the actor may set the fields of the patch that the first request changed.
async fn may_update<C: Crud>(
    tx: &Tx,
    before: &Model<C>,
    patch: C::Patch,
    changed: &[String],
) -> Result<()> {
    let patch: Active<C> = patch.into_active_model();
    let mut row: Active<C> = before.clone().into_active_model();
    for column in <Column<C> as Iterable>::iter() {
        if changed.iter().any(|field| field == column.as_str())
            && let ActiveValue::Set(value) = patch.get(column)
        {
            row.set(column, value);
        }
    }
    if !row.is_changed() {
        return Ok(());
    }
    check::<C>(tx, Action::Update, Some(before), &mut row).await
}

/// Runs the checks of the resource, and fails only for refusals that depend on the actor. The values were accepted before,
/// and the state of the rows has changed since.
async fn check<C: Crud>(
    tx: &Tx,
    action: Action,
    before: Option<&Model<C>>,
    after: &mut Active<C>,
) -> Result<()> {
    let change = Change {
        action,
        before,
        after,
    };
    match C::check(tx, change).await {
        Err(Error::Invalid(refusals)) => {
            let mut codes = refusals.iter().map(|refusal| refusal.code);
            if codes.any(|code| code == Code::NotAllowed) {
                Err(Error::forbidden(
                    "this request sets a field that your credentials may not set",
                ))
            } else {
                Ok(())
            }
        }
        Err(error @ (Error::Forbidden(_) | Error::NotFound | Error::Unauthenticated)) => Err(error),
        Err(error) if !error.is_refusal() => Err(error),
        _ => Ok(()),
    }
}
