//! The application: the rules of its tables, sign-in and mail, without HTTP. The same code runs from REST, the command line,
//! jobs and tests.
mod application;
pub mod backup;
pub mod content;
pub mod doctor;
pub mod figures;
pub mod identity;
pub mod mail;
pub mod retention;
pub mod seed;
pub mod system_status;

pub use ::migration::MIGRATOR;
pub use application::{Settings, registry, start};
pub use content::{Comments, Posts, comments, posts};
pub use identity::{Roles, Users, explain, password, personal_data, roles, users};
