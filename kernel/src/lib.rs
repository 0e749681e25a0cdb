//! Everything that a backend around `SeaORM` entities needs and that is the same for each of them: the generic operations
//! of a resource, scopes, queries, permissions, sessions, transactions, the audit log and the database. It knows no table
//! of an application and no HTTP.
pub mod actor;
pub mod audit;
pub mod bulk;
pub mod clock;
pub mod crud;
pub mod database;
mod deadline;
pub mod entity;
pub mod error;
pub mod files;
pub mod idempotency;
pub mod input;
mod kernel;
pub mod migration;
mod origin;
pub mod permission;
pub mod prelude;
pub mod query;
pub mod quota;
mod quote;
pub mod registry;
pub mod secret;
mod session;
pub mod slug;
pub mod time;
mod tx;

pub use actor::Actor;
pub use audit::Audit;
pub use crud::{Crud, Found, Readable};
pub use database::Database;
pub use deadline::{Deadline, Limit};
pub use error::{Error, Refusal, Result};
pub use kernel::Kernel;
pub use origin::Origin;
pub use quote::quote;
pub use registry::Registry;
pub use session::{Reads, Session};
pub use tx::Tx;
