//! The bodies of the generic routes that write one row. The limits of the resource's declaration are checked with those of the
//! type, so that a refusal names all broken ones.
use std::cell::LazyCell;

use actix_web::{HttpRequest, dev::Payload, web::Data};
use kernel::{
    CrudOperations, Error, Kernel, ReadOperations, Readable, Result, Tx,
    crud::Target,
    query::{Shape, relations},
    resource::{Deleted, member_names},
};
use serde_json::Value;

use crate::{
    call::{Body, Limits, read_json},
    json::{self, Patched},
    openapi::Operation,
    problem::Problem,
    resource::{New, Patch, Representation, Writable},
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
        let new = json::input(new, Vec::new(), V::Service::check_new)?;
        Ok(Self(new))
    }

    fn document(operation: &mut Operation<'_>) {
        operation.body::<New<V>>();
    }
}

/// A change of a row of a resource.
pub struct PatchRow<V: Writable>(pub Patched<Patch<V>>);

impl<V: Writable> Body for PatchRow<V> {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let body = read_json(request, payload, limits).await?;
        Ok(Self(patch_reader::<V>(request)(body)?))
    }

    fn document(operation: &mut Operation<'_>) {
        operation.patch::<Patch<V>>();
    }
}

/// Returns a function that reads a patch of a row, which may be the whole row as a client read it.
pub fn patch_reader<V: Writable>(
    request: &HttpRequest,
) -> impl Fn(Value) -> Result<Patched<Patch<V>>> {
    let visible = member_names::<V::Service>();
    let related = LazyCell::new(|| {
        let kernel = request.app_data::<Data<Kernel>>();
        let related = kernel.map(|kernel| relations(V::Service::name(), kernel.registry()));
        related.unwrap_or_default()
    });
    move |body| {
        let is_related = |name: &str| {
            let name = name.strip_suffix("_more").unwrap_or(name);
            related.iter().any(|relation| relation.name == name)
        };
        let is_visible = |name: &str| visible.contains(&name);
        Patched::read(body, is_visible, is_related, V::Service::check_patch)
    }
}

impl<V: Writable> PatchRow<V> {
    /// Adds the precondition of the body's `version`.
    pub fn target(&self, target: Target) -> Result<Target, Problem> {
        let expected = self.0.row.expected(target.expected)?;
        Ok(Target { expected, ..target })
    }

    /// Compares the members that a patch cannot set with the row before the write. The inner `Result` holds the refusals. Return
    /// it only after the write has succeeded, so that a missing row, a missing permission or a stale version is reported first.
    pub async fn compare(&self, tx: &Tx, id: i64, deleted: Deleted) -> Result<Result<()>> {
        let sent = &self.0.row;
        if !sent.has_read_only() {
            return Ok(Ok(()));
        }
        let shape = Shape {
            deleted,
            ..Shape::default()
        };
        let found = match V::Service::get(tx, id, &shape).await {
            Ok(found) => found,
            Err(Error::NotFound) => return Ok(Ok(())),
            Err(error) => return Err(error),
        };
        Ok(sent.compare(&Representation::<V>::new(found, true)))
    }
}
