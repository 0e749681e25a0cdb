//! Signing up, in and out, and who a token stands for.
mod account;
mod address;
mod api_keys;
mod callers;
mod csrf;
pub mod device;
mod invite;
mod key;
mod login;
pub mod one_time;
mod password;
mod recovery;
mod refresh;
mod rehash;
mod resolve;
mod sessions;
mod settings;
pub mod throttle;
mod token;
mod totp;
mod verification;
mod withheld;

pub(crate) use callers::Callers;
pub(crate) use key::{checksum_key, key};

pub(crate) use api_keys::{expired, revoke_keys};

pub use account::{
    AccountPatch, AccountState, Me, NewAccount, Registered, may_register, me, register, update_me,
};
pub use address::resend_verification;
pub(crate) use address::{is_verified, vouch};
pub use api_keys::{ApiKey, NewApiKey, api_keys, create_api_key, has_api_key, revoke_api_key};
pub use csrf::{csrf_token, is_csrf_token};
pub use invite::{Acceptance, Invitation, accept, end_first_run, first_run, invite};
pub use login::{Credentials, SignIn, authenticate, login};
pub use password::{PasswordChange, change_password, set_password};
pub use recovery::{Forgotten, Reset, forgot_password, reset_password};
pub use refresh::{RefreshToken, refresh};
pub(crate) use resolve::withheld_from;
pub use resolve::{resolve, resolve_token};
pub use sessions::{
    Device, Hold, Tokens, end_all_sessions, end_replaced, end_session, has_session, logout,
    sessions,
};
pub(crate) use sessions::{end_sessions, over};
pub use settings::{Registration, Settings};
pub use totp::{Enrolment, Otp, TotpStart, confirm_totp, end_totp, end_totp_of, start_totp};
pub use verification::{Verification, verify_email};
