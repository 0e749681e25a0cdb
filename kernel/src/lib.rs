//! The generic core of a backend around `SeaORM` entities: the operations of a resource, scopes, queries, permissions,
//! sessions, transactions, the audit log and the database. It depends neither on tables of an application nor on HTTP.
pub mod access;
pub mod audit;
pub mod bulk;
pub mod clock;
pub mod crud;
pub mod database;
pub mod decimal;
pub mod entity;
pub mod error;
pub mod files;
pub mod idempotency;
pub mod input;
pub mod json;
pub mod migration;
mod origin;
pub mod plain;
pub mod prelude;
pub mod query;
mod quote;
pub mod record;
mod refusal;
pub mod registry;
pub mod secret;
pub mod session;
pub mod slug;
pub mod time;

pub use access::{Actor, actor, permission};
pub use audit::Audit;
pub use crud::{Crud, Found, Readable};
pub use database::{Database, Deadline, Limit};
pub use error::{Error, Result};
pub use origin::Origin;
pub use quote::quote;
pub use refusal::{Code, Refusal};
pub use registry::Registry;
pub use session::{Kernel, Reads, Session, Tx};
