//! The suite of `web`: an application with one resource, `books`, that the product does not have. It shows how a resource, an
//! additional route and the callers are declared, and tests the result.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[expect(
    clippy::disallowed_methods,
    reason = "the derives call the methods that are disallowed elsewhere"
)]
mod books;
mod client;
mod columns;
mod documents;
mod files;
mod meta;
mod requests;
mod rules;
