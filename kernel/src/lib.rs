//! Everything that a backend around `SeaORM` entities needs and that is the same for each of them: the generic operations
//! of a resource, scopes, queries, permissions, sessions, transactions, the audit log and the database. It knows no table
//! of an application and no HTTP.
pub mod access;
pub mod audit;
pub mod bulk;
pub mod clock;
pub mod crud;
pub mod database;
pub mod entity;
pub mod error;
pub mod files;
pub mod idempotency;
pub mod input;
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
