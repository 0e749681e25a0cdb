//! Registration, and reading and changing the caller's own account.
use ::entity::users::{Column, Model};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Identity, Registration, address,
    login::check_password_field,
    password::{confirm_password, require_password, wrong_password},
    totp,
};
use crate::{
    identity::{
        Users,
        email::{MAX_EMAIL, deliverable},
        password::{MAX_LENGTH, MIN_LENGTH},
        users::{NewUser, UserPatch, UserRow, acceptable, key},
    },
    mail::{self, Mail, Mailer},
};
use kernel::{
    Actor, Crud, CrudOperations, Error, Found, Reads, Result, Session, Tx,
    crud::{Expected, Target},
    database::value_taken,
    input::{PresentTrimmed, Trimmed, present},
    resource::scope,
};

/// The fields that a registration may set.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewAccount {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 3, max = 50), pattern("^[A-Za-z0-9._-]*$"))]
    pub username: String,
    #[serde(with = "Trimmed")]
    #[garde(length(chars, max = MAX_EMAIL), custom(deliverable))]
    #[schemars(extend("format" = "email"))]
    pub email: String,
    #[garde(custom(acceptable))]
    #[schemars(with = "String", length(min = MIN_LENGTH, max = MAX_LENGTH))]
    pub password: SecretString,
    #[garde(length(chars, max = 255))]
    pub full_name: Option<String>,
    #[garde(length(chars, max = 2_000))]
    pub bio: Option<String>,
}

impl From<NewAccount> for NewUser {
    fn from(account: NewAccount) -> Self {
        Self {
            username: account.username,
            email: account.email,
            password: account.password,
            full_name: account.full_name,
            bio: account.bio,
            ..Self::default()
        }
    }
}

/// The fields that users may change of their own account. A new address needs `current_password`.
#[serde_with::apply(_ => #[serde(default, deserialize_with = "present")])]
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    #[serde_with(skip_apply)]
    #[serde(default, with = "PresentTrimmed")]
    #[garde(length(chars, min = 3, max = 50), pattern("^[A-Za-z0-9._-]*$"))]
    pub username: Option<String>,
    #[serde_with(skip_apply)]
    #[serde(default, with = "PresentTrimmed")]
    #[garde(length(chars, max = MAX_EMAIL), inner(custom(deliverable)))]
    #[schemars(extend("format" = "email"))]
    pub email: Option<String>,
    #[garde(length(chars, max = 255))]
    pub full_name: Option<Option<String>>,
    #[garde(length(chars, max = 2_000))]
    pub bio: Option<Option<String>>,
    #[garde(skip)]
    pub is_active: Option<bool>,
    #[garde(skip)]
    pub is_superuser: Option<bool>,
    #[garde(inner(custom(check_password_field)))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub current_password: Option<SecretString>,
}

/// A signed-in user with their permissions.
#[derive(Debug)]
pub struct Me {
    pub user: Found<UserRow>,
    /// Sorted; a superuser has `*`.
    pub permissions: Vec<String>,
    /// `None` for an API key without a scope that covers `users.read.own`.
    pub account: Option<AccountState>,
}

/// The parts of an account that only its user sees.
#[derive(Debug)]
pub struct AccountState {
    /// Whether the second factor is on.
    pub has_totp: bool,
    pub is_email_verified: bool,
    /// The address that replaces the current one once it is verified.
    pub pending_email: Option<String>,
}

/// The result of a registration.
#[derive(Debug)]
pub enum Registered {
    Now(Box<Found<UserRow>>),
    /// A mail to the address tells the result, so that nobody else learns whether the address was taken.
    ByMail,
}

/// Fails with [`Error::Forbidden`] if registration is closed.
pub fn may_register(session: &Session) -> Result<()> {
    match session.state::<Identity>().settings.registration {
        Registration::Open => Ok(()),
        Registration::Closed => Err(Error::forbidden(
            "registration is closed; ask an administrator for an account",
        )),
    }
}

/// Creates a user; the system is the actor.
pub async fn register(session: &Session, account: NewAccount) -> Result<Registered> {
    may_register(session)?;
    let mut new = NewUser::from(account);
    let service = session.acting_as(Actor::System);
    Users::prepare(&service, &mut new).await?;
    service
        .write(async |tx| {
            if tx.state::<Mailer>().is_on() {
                register_by_mail(tx, &new).await
            } else {
                Ok(Registered::Now(Box::new(create(tx, &new).await?)))
            }
        })
        .await
}

/// Creates the user. The address is not confirmed, because the user chose it.
async fn create(tx: &Tx, new: &NewUser) -> Result<Found<UserRow>> {
    let user = Users::create(tx, new).await?;
    address::unconfirm_address(tx, user.id).await?;
    Ok(user)
}

/// Creates the user and queues the verification mail. A username that is taken is still a conflict, because usernames are
/// public.
async fn register_by_mail(tx: &Tx, new: &NewUser) -> Result<Registered> {
    let owner = match create(tx, new).await {
        Ok(user) => {
            mail::queue(tx, Mail::verify(&user.row.user)).await?;
            return Ok(Registered::ByMail);
        }
        Err(error) if error.is_at("/email") => {
            find_user(tx, Column::EmailKey.eq(key(&new.email))).await?
        }
        Err(error) => return Err(error),
    };
    if find_user(tx, Column::UsernameKey.eq(key(&new.username)))
        .await?
        .is_some()
    {
        return Err(value_taken("username"));
    }
    if let Some(owner) = owner {
        mail::queue_once(tx, Mail::taken(&owner)).await?;
    }
    Ok(Registered::ByMail)
}

async fn find_user(tx: &Tx, condition: sea_orm::sea_query::Expr) -> Result<Option<Model>> {
    Ok(scope::all_live::<Users>().filter(condition).one(tx).await?)
}

pub async fn me(session: &Session) -> Result<Me> {
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    let permissions = caller.permission_names(&session.kernel().registry().owner_rights());
    // The account may have been deleted since the token was looked up.
    let user = match Users::visible_row(session, caller.user_id).await {
        Err(Error::NotFound) => Err(Error::Unauthenticated),
        found => found,
    };
    let user = user?;
    let account = if user.is_full {
        Some(account_state(session, &user.row.user).await?)
    } else {
        None
    };
    Ok(Me {
        user,
        permissions,
        account,
    })
}

/// Returns the username of the caller, if they are signed in and their credential may read it.
pub async fn username(session: &Session) -> Result<Option<String>> {
    let Some(id) = session.actor().user_id() else {
        return Ok(None);
    };
    let caller = scope::live::<Users>(session.actor())
        .filter(Column::Id.eq(id))
        .select_only()
        .column(Column::Username);
    Ok(caller.into_tuple().one(session.db()?).await?)
}

async fn account_state(session: &Session, user: &Model) -> Result<AccountState> {
    Ok(AccountState {
        has_totp: totp::is_on(session.db()?, user.id).await?,
        is_email_verified: address::is_verified(session, user).await?,
        pending_email: address::pending_email(session, user.id).await?,
    })
}

/// Changes the caller's own account. The rules of every user apply, except that a new address needs the password.
///
/// Fails with [`Error::Invalid`] if the address changes and `current_password` is missing or wrong.
pub async fn update_me(session: &Session, expected: Expected, patch: AccountPatch) -> Result<Me> {
    let Me { user, .. } = me(session).await?;
    expected.check(user.state.version)?;
    let (wanted, password) = (patch.email.clone(), patch.current_password.clone());
    let wanted = wanted.filter(|wanted| *wanted != user.row.user.email);
    let change = match wanted {
        Some(wanted) => {
            let me = confirm_password(session, require_password(password.as_ref())?).await?;
            Some((wanted, me.password_hash))
        }
        None => None,
    };
    let target = Target {
        id: user.id,
        expected,
    };
    let patch = patch.without_email();
    session
        .write(async |tx| {
            let found = Users::update(tx, target.clone(), &patch).await?;
            let user = &found.row.user;
            match &change {
                // Another request may have changed the password while this one was hashed.
                Some((_, hash)) if user.password_hash != *hash => Err(wrong_password()),
                Some((wanted, _)) => address::change(tx, user, wanted).await,
                None => Ok(()),
            }
        })
        .await?;
    me(session).await
}

impl AccountPatch {
    fn without_email(self) -> UserPatch {
        UserPatch {
            username: self.username,
            email: None,
            full_name: self.full_name,
            bio: self.bio,
            is_active: self.is_active,
            is_superuser: self.is_superuser,
        }
    }
}
