//! The caller's personal data outside the resources, and the deletion of an account by its user.
mod delete_account;
mod rows;
mod system_user;

pub use delete_account::delete_account;
pub use rows::{Account, account, mails, tokens};
pub(crate) use system_user::is_system_user;
