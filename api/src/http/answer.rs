//! Types that a handler's signature names as its answer. The OpenAPI document is generated from them.
use std::marker::PhantomData;

use actix_web::{HttpRequest, web::Data};
use schemars::JsonSchema;

use super::{Body, Call, Kind, Listed, Problem, Query, Reply, Resource};
use crate::openapi::{Documented, Operation, header};

/// The result of a handler.
pub type Answer<A> = Result<Reply<A>, Problem>;

/// 200 with a `T`.
pub struct Ok<T> {
    // A named field, so that the `Ok` of `Result` stays usable beside this type.
    body: PhantomData<T>,
}

/// 200 with one row.
pub struct Row<R>(PhantomData<R>);

/// 200 with a page of rows.
pub struct Page<R>(PhantomData<R>);

/// 201 with a new row.
pub struct CreatedRow<R>(PhantomData<R>);

/// 201 with a `T` that is not a row of a resource.
pub struct Created<T>(PhantomData<T>);

/// 204 without a body.
pub struct NoContent;

/// 201 with a new row, or 202 if the outcome is sent by mail.
pub struct CreatedOrAccepted<R>(PhantomData<R>);

/// 202: the outcome is sent by mail, if there is anything to send.
pub struct Accepted;

/// 204 after a row was deleted.
pub struct DeletedRow<R>(PhantomData<R>);

impl<T: JsonSchema> Documented for Ok<T> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "OK");
        operation.json::<T>(200);
    }
}

impl<R: Resource> Documented for Row<R> {
    fn document(operation: &mut Operation<'_>) {
        if operation.is_read() {
            operation.answer(200, "The row")["ETag"] = header("ETag");
            let schema = operation.schemas.shown::<R>();
            operation.content(200, schema);
            operation.unchanged();
        } else {
            operation.answer(200, "The row")["ETag"] = header("ETag");
            let schema = operation.schemas.row::<R>();
            operation.content(200, schema);
        }
    }
}

impl<R: Listed> Documented for Page<R> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "One page of rows")["Link"] = header("Link");
        let schema = operation.schemas.page::<R>();
        operation.content(200, schema);
        operation.fails(Kind::AnswerTooLarge);
    }
}

impl<R: Resource> Documented for CreatedRow<R> {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(201, "The new row");
        headers["Location"] = header("Location");
        headers["ETag"] = header("ETag");
        let schema = operation.schemas.row::<R>();
        operation.content(201, schema);
        let new = "$response.body#/id";
        operation.links(201, R::name(), new, &["get", "update", "delete"]);
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

impl<R: Resource> Documented for CreatedOrAccepted<R> {
    fn document(operation: &mut Operation<'_>) {
        CreatedRow::<R>::document(operation);
        Accepted::document(operation);
    }
}

impl Documented for Accepted {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(202, "Accepted; the outcome is sent by mail.");
    }
}

impl<R: Resource> Documented for DeletedRow<R> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(204, "The row is deleted");
        operation.links(204, R::name(), "$request.path.id", &["restore", "purge"]);
    }
}

impl<A: Documented> Documented for Answer<A> {
    fn document(operation: &mut Operation<'_>) {
        A::document(operation);
    }
}

impl<B: Body, Q: Query> Documented for Call<B, Q> {
    fn document(operation: &mut Operation<'_>) {
        operation.call();
        Q::document(operation);
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
