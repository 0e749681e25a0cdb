//! Answers that say nothing: the outcome is sent by mail.
use std::marker::PhantomData;

use actix_web::http::StatusCode;
use web::{
    CreatedRow, Reply, Writable,
    openapi::{Documented, Operation},
};

/// 202: the outcome is sent by mail, if there is anything to send.
pub struct Accepted;

/// 201 with a new row, or 202 if the outcome is sent by mail.
pub struct CreatedOrAccepted<V>(PhantomData<V>);

/// 202 without a body, the same in every case.
pub fn accepted<A>() -> Reply<A> {
    Reply::empty(StatusCode::ACCEPTED)
}

impl Documented for Accepted {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(202, "Accepted; the outcome is sent by mail.");
    }
}

impl<V: Writable> Documented for CreatedOrAccepted<V> {
    fn document(operation: &mut Operation<'_>) {
        CreatedRow::<V>::document(operation);
        Accepted::document(operation);
    }
}
