//! `POST /{resource}/bulk`: the request body and the answer.
use actix_web::{HttpRequest, dev::Payload};
use kernel::{
    Code, Crud, CrudOperations, Error, Result,
    bulk::{self, Done, MAX_OPERATIONS, Operation, Refused},
    crud::{Expected, Target},
    idempotency::WriteRequest,
    input::{Input, present},
    json::MAX_SAFE,
    permission::Action,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    call::{Body, Call, Limits, bytes},
    json, openapi,
    problem::Problem,
    reply::{Answer, Ok, Reply},
    resource::{New, Patch, Writable},
};

/// The operations of a request, in their order.
pub struct Operations<V: Writable>(pub Vec<Operation<V::Service>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BulkBody {
    #[serde(default)]
    operations: Vec<Item>,
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

#[derive(Clone, Copy, Deserialize)]
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
        if !(1..=MAX_OPERATIONS).contains(&sent.operations.len()) {
            let detail = format!("must have 1 to {MAX_OPERATIONS} operations");
            return Err(Error::invalid("/operations", Code::OutOfRange, detail).into());
        }
        let mut operations = Vec::with_capacity(sent.operations.len());
        let mut refused = Refused::default();
        for (place, item) in sent.operations.into_iter().enumerate() {
            match item.operation() {
                Ok(operation) => operations.push(operation),
                Err(error) => refused.add(place, error)?,
            }
        }
        Ok(refused.into_result(Self(operations))?)
    }

    fn document(operation: &mut openapi::Operation<'_>) {
        let (new, patch) = (
            operation.schemas.input::<New<V>>(),
            operation.schemas.input::<Patch<V>>(),
        );
        operation.json_body(&openapi::bulk(&new, &patch));
    }
}

impl Item {
    /// Fails with refusals whose pointers are relative to this item.
    fn operation<C: Crud>(self) -> Result<Operation<C>> {
        match self.op {
            Verb::Create => {
                absent("/id", self.id.as_ref())?;
                absent("/version", self.version.as_ref())?;
                self.data(C::check_new).map(Operation::Create)
            }
            Verb::Update => Ok(Operation::Update(
                self.target()?,
                self.data(C::check_patch)?,
            )),
            Verb::Delete => {
                absent("/data", self.data.as_ref())?;
                self.target().map(Operation::Delete)
            }
        }
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

    fn data<T: Input>(self, check: fn(&T) -> Result<()>) -> Result<T> {
        let data = self.data.ok_or_else(|| required("/data"))?;
        let data = json::shape(data).and_then(|data| check(&data).map(|()| data));
        data.map_err(|error| error.with_pointer_prefix("/data"))
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
pub struct Results {
    /// One result per operation, in the order of the operations.
    results: Vec<Written>,
}

#[derive(JsonSchema, Serialize)]
struct Written {
    op: &'static str,
    id: i64,
    /// The version of the row after the operation.
    version: i64,
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
        };
        let results = done.into_iter().map(written).collect();
        Self { results }
    }
}

/// Applies all operations, or none.
pub async fn bulk<V: Writable>(mut call: Call<Operations<V>>) -> Answer<Ok<Results>> {
    let expected = call.matching()?;
    let operations = &mut call.input.0;
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
    let operations = &call.input.0;
    call.write(WriteRequest::Bulk(operations), async |tx| {
        let done = bulk::bulk(tx, operations).await?;
        let rows = done.iter().map(|done| (done.id, done.version)).collect();
        Ok(Reply::ok(&Results::from(done))?.with_rows(rows))
    })
    .await
}
