//! Signing up, in and out, and who a token stands for.
mod account;
mod address;
mod key;
mod login;
pub mod one_time;
mod password;
mod recovery;
mod settings;
mod token;

pub(crate) use key::key;

pub use account::{AccountPatch, Me, NewAccount, Registered, me, register, update_me};
pub(crate) use address::is_verified;
pub use address::{Verification, resend_verification, verify_email};
pub use login::{Credentials, SignIn, authenticate, login};
pub use password::{PasswordChange, change_password, set_password};
pub use recovery::{Forgotten, Reset, forgot_password, reset_password};
pub use settings::{Registration, Settings};
pub use token::{logout, resolve};

use ::entity::sessions;
use sea_orm::ColumnTrait;

use crate::{Result, Tx, crud::scope};

/// Signs users out everywhere.
pub(crate) async fn end_sessions(tx: &Tx, users: &[i64]) -> Result<()> {
    let theirs = sessions::Column::UserId.is_in(users.iter().copied());
    scope::erase::<sessions::Entity>(tx, theirs).await?;
    Ok(())
}
