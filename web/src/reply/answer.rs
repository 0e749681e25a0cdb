//! Types that a handler's signature names as its answer. The OpenAPI document is generated from them.
use std::marker::PhantomData;

use actix_web::{HttpRequest, web::Data};
use kernel::Readable;
use schemars::JsonSchema;

use super::Reply;
use crate::{
    call::{Body, Call, Query},
    openapi::{Documented, Operation, header},
    problem::{Kind, Problem},
    resource::{Resource, Writable},
};

/// The result of a handler.
pub type Answer<A> = Result<Reply<A>, Problem>;

/// 200 with a `T`.
pub struct Ok<T> {
    // A named field, so that the `Ok` of `Result` stays usable beside this type.
    body: PhantomData<T>,
}

/// 200 with one row.
pub struct Row<V>(PhantomData<V>);

/// 200 with a page of rows.
pub struct Page<V>(PhantomData<V>);

/// 201 with a new row.
pub struct CreatedRow<V>(PhantomData<V>);

/// 201 with a `T` that is not a row of a resource.
pub struct Created<T>(PhantomData<T>);

/// 204 without a body.
pub struct NoContent;

/// 204 after a row was deleted.
pub struct DeletedRow<V>(PhantomData<V>);

impl<T: JsonSchema> Documented for Ok<T> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "OK");
        operation.json::<T>(200);
    }
}

impl<V: Writable> Documented for Row<V> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "The row")["ETag"] = header("ETag");
        let schema = operation.schemas.row::<V>();
        operation.content(200, schema);
        if operation.is_read() {
            operation.unchanged();
        }
    }
}

impl<V: Resource> Documented for Page<V> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "One page of rows")["Link"] = header("Link");
        let schema = operation.schemas.page::<V>();
        operation.content(200, schema);
        operation.fails(Kind::AnswerTooLarge);
    }
}

impl<V: Writable> Documented for CreatedRow<V> {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(201, "The new row");
        headers["Location"] = header("Location");
        headers["ETag"] = header("ETag");
        let schema = operation.schemas.row::<V>();
        operation.content(201, schema);
        let new = "$response.body#/id";
        operation.links(201, V::Service::name(), new, &["get", "update", "delete"]);
    }
}

impl<T: JsonSchema> Documented for Created<T> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(201, "Created")["Location"] = header("Location");
        operation.json::<T>(201);
    }
}

impl Documented for NoContent {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(204, "Done");
    }
}

impl<V: Writable> Documented for DeletedRow<V> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(204, "The row is deleted");
        operation.links(
            204,
            V::Service::name(),
            "$request.path.id",
            &["restore", "purge"],
        );
    }
}

impl<A: Documented> Documented for Reply<A> {
    fn document(operation: &mut Operation<'_>) {
        A::document(operation);
    }
}

/// Failures are documented with the checks of the route.
impl<A: Documented> Documented for Result<A, Problem> {
    fn document(operation: &mut Operation<'_>) {
        A::document(operation);
    }
}

impl<B: Body, Q: Query> Documented for Call<B, Q> {
    fn document(operation: &mut Operation<'_>) {
        operation.call();
        operation.query(&Q::parameters(operation.registry));
        B::document(operation);
    }
}

/// The path of a request is documented with its route.
impl Documented for HttpRequest {
    fn document(_: &mut Operation<'_>) {}
}

/// Application data is not visible to clients.
impl<T: ?Sized> Documented for Data<T> {
    fn document(_: &mut Operation<'_>) {}
}

impl Documented for () {
    fn document(_: &mut Operation<'_>) {}
}

impl<A: Documented> Documented for (A,) {
    fn document(operation: &mut Operation<'_>) {
        A::document(operation);
    }
}

impl<A: Documented, B: Documented, C: Documented> Documented for (A, B, C) {
    fn document(operation: &mut Operation<'_>) {
        <(A, B)>::document(operation);
        C::document(operation);
    }
}

impl<A: Documented, B: Documented> Documented for (A, B) {
    fn document(operation: &mut Operation<'_>) {
        A::document(operation);
        B::document(operation);
    }
}
