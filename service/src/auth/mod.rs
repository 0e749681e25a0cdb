//! Signing up, in and out, and who a token stands for.
mod account;
mod api_keys;
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
mod totp;
mod withheld;

pub(crate) use callers::Callers;
pub(crate) use key::key;

pub(crate) use api_keys::{expired, revoke_keys};

pub use account::{Me, NewAccount, me, register};
pub use api_keys::{ApiKey, NewApiKey, api_keys, create_api_key, revoke_api_key};
pub use csrf::{csrf_token, is_csrf_token};
pub use login::{Credentials, SignIn, authenticate, login};
pub use password::{PasswordChange, change_password, set_password};
pub use refresh::{RefreshToken, refresh};
pub use resolve::{resolve, resolve_token};
pub use sessions::{
    Device, Hold, Tokens, end_all_sessions, end_replaced, end_session, logout, sessions,
};
pub(crate) use sessions::{end_sessions, over};
pub use settings::{Registration, Settings};
pub use totp::{Enrolment, Otp, TotpStart, confirm_totp, end_totp, end_totp_of, start_totp};
