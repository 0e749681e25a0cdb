//! What the service keeps about its caller beside the resources, and how a caller leaves.
mod kept;
mod leave;
mod system_user;

pub use kept::{Account, account, api_keys, mails, sessions, tokens};
pub use leave::leave;
pub(crate) use system_user::is_system_user;
