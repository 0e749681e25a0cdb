//! Rules and CRUD of every table, without HTTP: the same code runs from REST, the command line, jobs and tests.
mod atoll;
pub mod auth;
pub mod comments;
mod email;
pub mod explain;
pub mod mail;
pub mod password;
pub mod personal_data;
pub mod posts;
pub mod resources;
pub mod retention;
pub mod roles;
pub mod seed;
pub mod users;

pub use ::migration::MIGRATOR;
pub use atoll::{Application, Atoll, Settings};
pub use comments::Comments;
pub use posts::Posts;
pub use roles::Roles;
pub use users::Users;

pub use kernel::{
    Actor, Audit, Crud, Database, Deadline, Error, Found, Kernel, Limit, Origin, Readable, Reads,
    Refusal, Registry, Result, Session, Tx, actor, audit, base_columns, bulk, clock, crud,
    database, error, files, idempotency, input, list_columns, migration, permission, query, quote,
    registry, secret, slug,
};
