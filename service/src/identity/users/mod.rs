//! Users: their fields, who may see them, and who may change them.
use ::entity::users::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue;
use secrecy::SecretString;

use crate::{
    identity::{
        self, Identity,
        email::{MAX_EMAIL, deliverable},
        password::{self, MAX_LENGTH, MIN_LENGTH, UserData},
        personal_data,
    },
    mail::{self, Mail},
};
use kernel::{
    Code,
    prelude::*,
    resource::{NaturalKey, PageBudget},
};

pub(crate) mod guard;
mod key;
mod lookup;
mod private;

pub use guard::has_superuser;
pub use key::key;
pub use lookup::{by_username, similar_username};
pub use private::{Private, UserRow};

/// The built-in role that every new user has.
pub const FIRST_ROLE: &str = "member";

pub struct Users;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields, default)]
pub struct NewUser {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 3, max = 50), pattern("^[A-Za-z0-9._-]*$"))]
    pub username: String,
    #[serde(with = "Trimmed")]
    #[garde(length(chars, max = MAX_EMAIL), custom(deliverable))]
    #[schemars(extend("format" = "email"))]
    pub email: String,
    #[garde(custom(acceptable))]
    #[schemars(with = "String", length(min = MIN_LENGTH, max = MAX_LENGTH))]
    #[sea_orm(ignore)]
    pub password: SecretString,
    #[garde(length(chars, max = 255))]
    pub full_name: Option<String>,
    #[garde(length(chars, max = 2_000))]
    pub bio: Option<String>,
    #[garde(skip)]
    pub is_active: Option<bool>,
    #[garde(skip)]
    pub is_superuser: Option<bool>,
    /// Filled in by [`Crud::prepare`].
    #[serde(skip)]
    #[garde(skip)]
    pub password_hash: Option<String>,
}

#[serde_with::apply(_ => #[serde(default, deserialize_with = "present")])]
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
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
}

base_columns!(Users);

impl Readable for Users {
    type Row = UserRow;

    const OWNER: Option<Column> = Some(Column::Id);
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Username),
        Field::public(Column::FullName),
        Field::public(Column::Bio).long(),
        Field::public(Column::IsActive),
        Field::private(Column::Email),
        Field::private(Column::IsSuperuser),
    ];
    const SEARCH: &'static [Column] = &[Column::Username, Column::FullName];
    const COMPUTED: &'static [&'static str] = &["roles", "last_login_at"];
    const COMPUTED_PRIVATE: &'static [&'static str] = Self::COMPUTED;

    async fn load(reads: &impl Reads, users: Vec<Model>) -> Result<Vec<UserRow>> {
        private::load(reads, users).await
    }

    async fn load_within(
        reads: &impl Reads,
        users: Vec<Model>,
        budget: &PageBudget,
    ) -> Result<Vec<UserRow>> {
        let mut rows = private::load(reads, users).await?;
        rows.truncate(budget.fitting(rows.iter().map(private::size)));
        Ok(rows)
    }
}

impl Crud for Users {
    const ADDS_TO_ENTRY: bool = true;

    type New = NewUser;
    type Patch = UserPatch;

    const UNIQUE: &'static [Column] = &[Column::UsernameKey, Column::EmailKey];
    // Each costs the hash of a password, and more hashes might take longer than a request may.
    const MAX_NEW_IN_BULK: Option<usize> = Some(50);

    fn natural_key() -> Option<NaturalKey> {
        let key = NaturalKey::normalized(Column::Username, Column::UsernameKey, key);
        Some(key)
    }

    async fn prepare(session: &Session, new: &mut NewUser) -> Result<()> {
        let about = UserData {
            username: &new.username,
            email: &new.email,
            full_name: new.full_name.as_deref(),
        };
        let hasher = &session.state::<Identity>().hasher;
        new.password_hash = Some(hasher.choose("/password", &new.password, about).await?);
        Ok(())
    }

    /// The result must not depend on the changed values: otherwise a caller could find out stored values by trying.
    async fn authorize(
        reads: &impl Reads,
        action: Action,
        users: &[Model],
    ) -> Result<Vec<Result<()>>> {
        let targets = guard::check_targets(reads, action, users).await?;
        let authorize =
            |(user, target)| require_permission::<Self>(reads.actor(), action, user).and(target);
        Ok(users.iter().zip(targets).map(authorize).collect())
    }

    async fn check(tx: &Tx, change: Change<'_, Self>) -> Result<()> {
        guard::check_flags(tx.actor(), change.before, change.after)?;
        if change.before.is_some_and(personal_data::is_system_user) {
            return Err(Error::conflict(
                "this user is built in and owns the content of deleted users; it cannot be changed",
            ));
        }
        guard::check_own_email(tx.actor(), change.before, change.after)?;
        if change.action == Action::Create {
            let value = |set: &ActiveValue<bool>| set.try_as_ref().copied();
            change.after.is_active = Set(value(&change.after.is_active).unwrap_or(true));
            change.after.is_superuser = Set(value(&change.after.is_superuser).unwrap_or_default());
        }
        if let Some(username) = change.after.username.try_as_ref() {
            change.after.username_key = Set(key(username));
        }
        if let Some(email) = change.after.email.try_as_ref() {
            change.after.email_key = Set(key(email));
        }
        Ok(())
    }

    /// Gives new users the role [`FIRST_ROLE`]. Ends the sessions and revokes the keys of users who are deleted or deactivated.
    async fn after_write(tx: &Tx, action: Action, users: &[Written<Self>]) -> Result<()> {
        let users_now: Vec<_> = users.iter().map(|user| &user.after).collect();
        confirm_addresses(tx, action, users).await?;
        if action == Action::Create {
            return crate::identity::roles::assign_built_in(tx, &users_now, FIRST_ROLE).await;
        }
        let loses_access = |user: &&&Model| action == Action::Delete || !user.is_active;
        let signed_out: Vec<_> = users_now
            .iter()
            .filter(loses_access)
            .map(|user| user.id)
            .collect();
        if !signed_out.is_empty() {
            identity::end_sessions(tx, &signed_out).await?;
            identity::revoke_keys(tx, &signed_out).await?;
        }
        notify_former_addresses(tx, users).await?;
        guard::check_last_superuser(tx, action, users).await
    }
}

/// Confirms addresses that were set by somebody else than their user; registering undoes that.
async fn confirm_addresses(tx: &Tx, action: Action, users: &[Written<Users>]) -> Result<()> {
    let is_set = |user: &&Written<Users>| {
        let before = user.before.as_ref().map(|before| &before.email_key);
        before != Some(&user.after.email_key) && tx.actor().user_id() != Some(user.after.id)
    };
    let set = users.iter().filter(is_set);
    let set: Vec<_> = set.map(|user| &user.after).collect();
    match action {
        Action::Create | Action::Update | Action::Restore if !set.is_empty() => {
            identity::confirm_addresses(tx, &set).await
        }
        _ => Ok(()),
    }
}

/// Queues a mail to the former address of each user whose address changed.
async fn notify_former_addresses(tx: &Tx, users: &[Written<Users>]) -> Result<()> {
    for Written { before, after } in users {
        if let Some(before) = before.as_ref().filter(|user| user.email != after.email) {
            mail::queue(tx, Mail::address_changed(after.id, &before.email)).await?;
        }
    }
    Ok(())
}

/// Checks the length of a password in characters. Hashing it checks its strength ([`crate::identity::password::Hasher::choose`]).
pub(crate) fn acceptable(password: &SecretString, _: &()) -> garde::Result {
    match password::length(password) {
        MIN_LENGTH..=MAX_LENGTH => Ok(()),
        0..MIN_LENGTH => Err(refuse(
            Code::TooShort,
            format!("must have at least {MIN_LENGTH} characters"),
        )),
        _ => Err(refuse(
            Code::TooLong,
            format!("must have at most {MAX_LENGTH} characters"),
        )),
    }
}
