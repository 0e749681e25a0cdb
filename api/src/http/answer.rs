//! What handlers say that they answer with, in their signatures: the document is made of it.
use std::marker::PhantomData;

use actix_web::{HttpRequest, web::Data};
use schemars::JsonSchema;

use super::{Body, Call, Kind, Problem, Query, Reply, Resource};
use crate::openapi::{Documented, Operation, header};

/// What a handler gives.
pub type Answer<A> = Result<Reply<A>, Problem>;

/// 200, with this.
pub struct Is<T>(PhantomData<T>);

/// 200, with a row.
pub struct One<R>(PhantomData<R>);

/// 200, with a page of rows.
pub struct Many<R>(PhantomData<R>);

/// 201, with a new row.
pub struct Created<R>(PhantomData<R>);

/// 201, with this, which is no row of a resource.
pub struct Made<T>(PhantomData<T>);

/// 204
pub struct Nothing;

/// 201, with a new row; or 202 where mail says more.
pub struct CreatedOrAccepted<R>(PhantomData<R>);

/// 202: what follows comes by mail, or not at all.
pub struct Accepted;

/// 204, for a row that is deleted now.
pub struct Deleted<R>(PhantomData<R>);

impl<T: JsonSchema> Documented for Is<T> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "This.");
        operation.json::<T>(200);
    }
}

impl<R: Resource> Documented for One<R> {
    fn document(operation: &mut Operation<'_>) {
        if operation.is_read() {
            operation.answer(200, "The row, as a whole or as it is asked for.")["ETag"] =
                header("ETag");
            let schema = operation.schemas.shown::<R>();
            operation.content(200, schema);
            operation.unchanged();
        } else {
            operation.answer(200, "The row.")["ETag"] = header("ETag");
            let schema = operation.schemas.row::<R>();
            operation.content(200, schema);
        }
    }
}

impl<R: Resource> Documented for Many<R> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "A page.")["Link"] = header("Link");
        let schema = operation.schemas.page::<R>();
        operation.content(200, schema);
        operation.fails(Kind::AnswerTooLarge);
    }
}

impl<R: Resource> Documented for Created<R> {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(201, "The new row.");
        headers["Location"] = header("Location");
        headers["ETag"] = header("ETag");
        let schema = operation.schemas.row::<R>();
        operation.content(201, schema);
        let new = "$response.body#/id";
        operation.links(201, R::name(), new, &["get", "update", "delete"]);
    }
}

impl<T: JsonSchema> Documented for Made<T> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(201, "This.")["Location"] = header("Location");
        operation.json::<T>(201);
    }
}

impl Documented for Nothing {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(204, "Done.");
    }
}

impl<R: Resource> Documented for CreatedOrAccepted<R> {
    fn document(operation: &mut Operation<'_>) {
        Created::<R>::document(operation);
        Accepted::document(operation);
    }
}

impl Documented for Accepted {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(202, "Whatever follows comes by mail.");
    }
}

impl<R: Resource> Documented for Deleted<R> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(204, "The row is deleted.");
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

/// The request itself: its path is documented with the route.
impl Documented for HttpRequest {
    fn document(_: &mut Operation<'_>) {}
}

/// What the server was built with is no business of its clients.
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
