//! Users, roles, accounts, sign-in, sessions and API keys, and the lookup of the caller that a token stands for.
mod account;
mod address;
mod api_keys;
mod callers;
mod csrf;
pub mod device;
pub mod email;
pub mod explain;
mod invite;
mod key;
mod login;
mod mails;
mod of_user;
pub mod one_time;
pub mod password;
pub mod personal_data;
mod recovery;
mod refresh;
mod resolve;
pub mod roles;
mod sessions;
mod settings;
mod state;
pub mod throttle;
mod token;
mod token_check;
mod totp;
pub mod users;
mod verification;
mod withheld;

pub(crate) use key::{checksum_key, key};

pub(crate) use api_keys::{expired_keys, revoke_keys};

pub use account::{
    AccountPatch, AccountState, Me, NewAccount, Registered, may_register, me, register, update_me,
    username,
};
pub use address::resend_verification;
pub(crate) use address::{confirm_addresses, is_verified};
pub use api_keys::{
    ApiKeys, NewApiKey, create_api_key, has_api_key, list_api_keys, revoke_api_key,
};
pub use csrf::{csrf_token, is_csrf_token};
pub use invite::{
    Invitation, InvitationAcceptance, accept, create_first_run_token, invite,
    revoke_first_run_token,
};
pub use login::{Credentials, SignIn, authenticate, login};
pub use mails::{deliver, send_due};
pub use of_user::{
    end_session_of, end_sessions_of, has_api_key_of, has_session_of, list_api_keys_of,
    list_sessions_of, revoke_api_key_of,
};
pub use password::{PasswordChange, change_password, set_password};
pub use recovery::{ForgottenPassword, PasswordReset, forgot_password, reset_password};
pub use refresh::{RefreshToken, refresh};
pub(crate) use resolve::withheld_for_user;
pub use resolve::{resolve, resolve_token};
pub use roles::Roles;
pub use sessions::{
    SessionRow, Sessions, TokenMode, Tokens, end_all_sessions, end_replaced, end_session,
    has_session, list_sessions, logout,
};
pub(crate) use sessions::{end_sessions, expired_sessions};
pub use settings::{Registration, Settings};
pub use state::Identity;
pub use token_check::{InvitedAccount, TokenCheck, TokenEffect, check_token};
pub use totp::{
    Enrolment, Otp, TotpStart, confirm_totp, end_totp, end_totp_for_user, start_totp,
    users_with_totp,
};
pub use users::Users;
pub use verification::{Verification, verify_email};
