//! Signing up, in and out, and who a token stands for.
mod account;
mod callers;
mod csrf;
mod key;
mod login;
mod password;
mod refresh;
mod resolve;
mod sessions;
mod settings;
mod token;

pub(crate) use callers::Callers;
pub(crate) use key::key;

pub use account::{Me, NewAccount, me, register};
pub use csrf::{csrf_token, is_csrf_token};
pub use login::{Credentials, SignIn, authenticate, login};
pub use password::{PasswordChange, change_password, set_password};
pub use refresh::{RefreshToken, refresh};
pub use resolve::resolve;
pub use sessions::{
    Device, Hold, Tokens, end_all_sessions, end_replaced, end_session, logout, sessions,
};
pub(crate) use sessions::{end_sessions, over};
pub use settings::{Registration, Settings};
