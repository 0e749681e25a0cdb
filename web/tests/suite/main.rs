//! The suite of `web`: an application with one resource, `books`, that the product does not have. It shows how a resource, a
//! route of one's own and the callers are written, and what they get for it.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[expect(
    clippy::disallowed_methods,
    reason = "the derives call the methods that are disallowed elsewhere"
)]
mod books;
mod client;
mod documents;
mod files;
mod requests;
mod rules;
