//! The bodies of the generic routes that write one row. The limits of the resource's declaration are checked with those of the
//! type, so that a refusal names all broken ones.
use actix_web::{HttpRequest, dev::Payload};
use kernel::CrudOperations;

use crate::{
    call::{Body, Limits, read_json},
    openapi::Operation,
    problem::Problem,
    resource::{New, Patch, Writable},
};

/// A new row of a resource.
pub struct NewRow<V: Writable>(pub New<V>);

impl<V: Writable> Body for NewRow<V> {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let new = read_json(request, payload, limits).await?;
        V::Service::check_new(&new)?;
        Ok(Self(new))
    }

    fn document(operation: &mut Operation<'_>) {
        operation.body::<New<V>>();
    }
}

/// A change of a row.
pub struct PatchRow<V: Writable>(pub Patch<V>);

impl<V: Writable> Body for PatchRow<V> {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let patch = read_json(request, payload, limits).await?;
        V::Service::check_patch(&patch)?;
        Ok(Self(patch))
    }

    fn document(operation: &mut Operation<'_>) {
        operation.body::<Patch<V>>();
    }
}
