//! `POST /{resource}/bulk`: the request body and the answer.
use std::{collections::HashMap, ops::Not};

use actix_web::{HttpRequest, dev::Payload};
use kernel::{
    Code, Crud, CrudOperations, Error, ReadOperations, Registry, Result, Tx,
    bulk::{self, Done, MAX_OPERATIONS, OnMissing, Operation, Refused},
    crud::{Expected, Target},
    idempotency::{SKIPPED, WriteRequest},
    input::present,
    json::MAX_SAFE,
    permission::Action,
    query::{Parameter, Parameters, Shape},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inputs::patch_reader;
use crate::{
    call::{Body, Call, Limits, Query, bytes},
    json::{self, Patched, SentRow},
    openapi,
    problem::Problem,
    reply::{Answer, Ok, Reply},
    resource::{Representation, Writable},
};

/// The operations of a request, in their order.
pub struct Operations<V: Writable> {
    operations: Vec<Operation<V::Service>>,
    rows: Vec<SentUpdate>,
}

/// A row that the client sent as it read it.
struct SentUpdate {
    /// The place of its operation.
    place: usize,
    id: i64,
    row: SentRow,
}

/// The most rows that are compared at once.
const MAX_COMPARED: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BulkBody {
    #[serde(default, deserialize_with = "present")]
    operations: Option<Vec<Item>>,
}

/// The query parameters of a bulk.
#[derive(Default)]
pub struct BulkQuery {
    on_missing: OnMissing,
}

const ON_MISSING: [(&str, OnMissing); 2] =
    [("refuse", OnMissing::Refuse), ("skip", OnMissing::Skip)];

impl Query for BulkQuery {
    fn parameters(_: &Registry) -> Parameters<Self> {
        let on_missing = Parameter::one_of(
            "on_missing",
            "How to treat the deletion of a row that is gone: `refuse` applies no operation of the request; `skip` applies the others.",
            &ON_MISSING,
            |query: &mut Self, on_missing| query.on_missing = on_missing,
        );
        Parameters::new([on_missing.default("refuse")])
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    op: Verb,
    #[serde(default, deserialize_with = "present")]
    id: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    version: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    data: Option<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    Create,
    Update,
    Delete,
}

impl<V: Writable> Body for Operations<V> {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let limits = Limits {
            size: limits.bulk_size,
            is_bulk: true,
            ..limits
        };
        let body = bytes(request, payload, limits).await?;
        let sent: BulkBody = json::read_bulk(&body)?;
        let missing = || Error::invalid("/operations", Code::Required, "is required");
        let items = sent.operations.ok_or_else(missing)?;
        if items.len() > MAX_OPERATIONS {
            let detail = format!("must have at most {MAX_OPERATIONS} operations");
            return Err(Error::invalid("/operations", Code::OutOfRange, detail).into());
        }
        let new = items.iter().filter(|item| item.op == Verb::Create).count();
        if let Some(most) = V::Service::MAX_NEW_IN_BULK.filter(|most| new > *most) {
            let detail = format!("must have at most {most} operations that create a row");
            return Err(Error::invalid("/operations", Code::OutOfRange, detail).into());
        }
        let mut operations = Vec::with_capacity(items.len());
        let (mut rows, mut refused) = (Vec::new(), Refused::default());
        let read_patch = patch_reader::<V>(request);
        for (place, item) in items.into_iter().enumerate() {
            match item.operation(place, &read_patch) {
                Ok((operation, sent)) => {
                    operations.push(operation);
                    rows.extend(sent);
                }
                Err(error) => refused.add(place, error)?,
            }
        }
        Ok(refused.into_result(Self { operations, rows })?)
    }

    fn document(operation: &mut openapi::Operation<'_>) {
        let schema = operation.schemas.bulk::<V>();
        operation.json_body(&schema);
    }
}

impl<V: Writable> Operations<V> {
    /// Compares the members that a patch cannot set with the rows before the write. The inner `Result` holds the refusals. Return
    /// it only after the write has succeeded, so that a missing row, a missing permission or a stale version is reported first.
    async fn compare(&self, tx: &Tx) -> Result<Result<()>> {
        let mut refused = Refused::default();
        for sent in self.rows.chunks(MAX_COMPARED) {
            let ids: Vec<_> = sent.iter().map(|sent| sent.id).collect();
            let names = sent.iter().flat_map(|sent| sent.row.read_only());
            let shape = Shape {
                fields: Some(names.cloned().collect()),
                ..Shape::default()
            };
            let found = V::Service::get_all(tx, &ids, &shape).await?.into_iter();
            let rows = found.map(|row| (row.id, Representation::<V>::new(row, true)));
            let rows: HashMap<_, _> = rows.collect();
            for SentUpdate { place, id, row } in sent {
                if let Some(now) = rows.get(id)
                    && let Err(error) = row.compare(now)
                {
                    refused.add(*place, error.with_pointer_prefix("/data"))?;
                }
            }
        }
        Ok(refused.into_result(()))
    }
}

impl Item {
    /// Returns the operation, and the row of an update that sends members that a patch cannot set. Fails with refusals whose pointers
    /// are relative to this item.
    fn operation<C: Crud>(
        self,
        place: usize,
        read_patch: impl Fn(Value) -> Result<Patched<C::Patch>>,
    ) -> Result<(Operation<C>, Option<SentUpdate>)> {
        let in_data = |error: Error| error.with_pointer_prefix("/data");
        Ok(match self.op {
            Verb::Create => {
                absent("/id", self.id.as_ref())?;
                absent("/version", self.version.as_ref())?;
                let new = json::input(self.data()?, Vec::new(), C::check_new);
                (Operation::Create(new.map_err(in_data)?), None)
            }
            Verb::Update => {
                let Target { id, expected } = self.target()?;
                let Patched { patch, row } = read_patch(self.data()?).map_err(in_data)?;
                let expected = row.combined(expected).ok_or_else(|| {
                    let detail = "must be the `version` of the operation, or be left out";
                    Error::invalid("/data/version", Code::NotAllowed, detail)
                })?;
                let update = Operation::Update(Target { id, expected }, patch);
                let sends_row = row.has_read_only();
                (update, sends_row.then_some(SentUpdate { place, id, row }))
            }
            Verb::Delete => {
                absent("/data", self.data.as_ref())?;
                (Operation::Delete(self.target()?), None)
            }
        })
    }

    fn target(&self) -> Result<Target> {
        let id = self.id.ok_or_else(|| required("/id"))?;
        check_range("/id", id)?;
        check_range("/version", self.version.unwrap_or(1))?;
        let expected = match self.version {
            Some(version) => Expected::OneOf(vec![version]),
            None => Expected::Anything,
        };
        Ok(Target { id, expected })
    }

    fn data(self) -> Result<Value> {
        self.data.ok_or_else(|| required("/data"))
    }
}

fn check_range(at: &str, number: i64) -> Result<()> {
    if (1..=MAX_SAFE).contains(&number) {
        Ok(())
    } else {
        let detail = format!("must be from 1 to {MAX_SAFE}");
        Err(Error::invalid(at, Code::OutOfRange, detail))
    }
}

fn required(at: &str) -> Error {
    Error::invalid(at, Code::Required, "is required for this operation")
}

fn absent<T>(at: &str, member: Option<&T>) -> Result<()> {
    match member {
        None => Ok(()),
        Some(_) => Err(Error::invalid(
            at,
            Code::NotAllowed,
            "is not allowed for this operation",
        )),
    }
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "BulkResults")]
pub struct Results {
    /// One result per operation, in the order of the operations.
    results: Vec<Written>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "BulkResult")]
struct Written {
    op: &'static str,
    id: i64,
    /// The version of the row after the operation. It is absent if the operation was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    version: Option<i64>,
    /// Present if the operation was skipped, because its row is gone.
    #[serde(skip_serializing_if = "Not::not")]
    skipped: bool,
}

impl From<Vec<Done>> for Results {
    fn from(done: Vec<Done>) -> Self {
        let written = |Done {
                           action,
                           id,
                           version,
                       }| Written {
            op: Action::as_str(action),
            id,
            version,
            skipped: version.is_none(),
        };
        let results = done.into_iter().map(written).collect();
        Self { results }
    }
}

/// Applies all operations, or none.
pub async fn bulk<V: Writable>(mut call: Call<Operations<V>, BulkQuery>) -> Answer<Ok<Results>> {
    let expected = call.matching()?;
    let operations = &mut call.input.operations;
    for operation in operations.iter_mut() {
        operation.set_default_version(&expected);
    }
    let deletes = operations
        .iter()
        .any(|operation| operation.action() == Action::Delete);
    bulk::prepare(&call.session, operations).await?;
    if deletes {
        call = call.long();
    }
    let operations = &call.input.operations;
    call.write(WriteRequest::Bulk(operations), async |tx| {
        let is_same = call.input.compare(tx).await?;
        let done = bulk::bulk(tx, operations, call.query.on_missing).await?;
        is_same?;
        let row = |done: &Done| done.version.map(|version| (done.id, version));
        let rows = done.iter().map(|done| row(done).unwrap_or((SKIPPED, 0)));
        let rows = rows.collect();
        Ok(Reply::ok(&Results::from(done))?.with_rows(rows))
    })
    .await
}
