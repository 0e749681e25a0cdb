//! Roles: named sets of permissions. Callers can neither grant nor revoke permissions that they lack.
use ::entity::roles::{ActiveModel, Column, Entity, Model};
use sea_orm::{IntoActiveModel, IntoActiveValue, prelude::Json};

use kernel::{
    Code,
    permission::{Permission, PermissionName},
    prelude::*,
};

mod assignment;
mod held;
mod permission;

pub(crate) use assignment::assign_built_in;
pub use assignment::{assign, by_name, list_for_user, may_assign, unassign};
pub(crate) use held::{Granted, granted, names, permissions_of};
pub use permission::{grant, revoke};

pub struct Roles;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewRole {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 2, max = 50), pattern("^[a-z0-9_-]*$"))]
    pub name: String,
    #[garde(length(chars, max = 255))]
    pub description: Option<String>,
    #[garde(length(max = 200))]
    #[schemars(with = "Vec<PermissionName>")]
    pub permissions: Vec<String>,
}

#[serde_with::apply(_ => #[serde(default, deserialize_with = "present")])]
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolePatch {
    #[serde_with(skip_apply)]
    #[serde(default, with = "PresentTrimmed")]
    #[garde(length(chars, min = 2, max = 50), pattern("^[a-z0-9_-]*$"))]
    pub name: Option<String>,
    #[garde(length(chars, max = 255))]
    pub description: Option<Option<String>>,
    #[garde(length(max = 200))]
    #[schemars(with = "Vec<PermissionName>")]
    pub permissions: Option<Vec<String>>,
}

// Written by hand, because the derive cannot turn a list into the JSON array of the column.
impl IntoActiveModel<ActiveModel> for NewRole {
    fn into_active_model(self) -> ActiveModel {
        ActiveModel {
            name: Set(self.name),
            description: Set(self.description),
            permissions: Set(self.permissions.into()),
            is_system: Set(false),
            ..Default::default()
        }
    }
}

impl IntoActiveModel<ActiveModel> for RolePatch {
    fn into_active_model(self) -> ActiveModel {
        ActiveModel {
            name: self.name.into_active_value(),
            description: self.description.into_active_value(),
            permissions: self.permissions.map(Json::from).into_active_value(),
            ..Default::default()
        }
    }
}

base_columns!(Roles);

impl Readable for Roles {
    type Row = Model;

    const OWNER: Option<Column> = None;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Name).indexed(),
        Field::public(Column::Description),
        Field::public(Column::IsSystem),
        Field::opaque(Column::Permissions),
    ];
}

impl Crud for Roles {
    type New = NewRole;
    type Patch = RolePatch;

    async fn authorize(
        reads: &impl Reads,
        action: Action,
        roles: &[Model],
    ) -> Result<Vec<Result<()>>> {
        let authorize = |role: &Model| {
            require_permission::<Self>(reads.actor(), action, role)?;
            check_held(reads.actor(), &role.permissions)
        };
        Ok(roles.iter().map(authorize).collect())
    }

    /// Refuses unknown permissions before it is asked whether the caller holds them.
    async fn prepare(session: &Session, new: &mut NewRole) -> Result<()> {
        check_names(session, new.permissions.iter().map(String::as_str))
    }

    async fn prepare_patch(session: &Session, patch: &mut RolePatch) -> Result<()> {
        let names = patch.permissions.iter().flatten();
        check_names(session, names.map(String::as_str))
    }

    async fn check(tx: &Tx, change: Change<'_, Self>) -> Result<()> {
        // Stored permissions may be unknown, because their resource was removed.
        if let Set(permissions) = &change.after.permissions {
            check_names(tx, names_in(permissions))?;
        }
        if let Some(permissions) = change.after.permissions.try_as_ref() {
            check_held(tx.actor(), permissions)?;
        }
        match change.before {
            Some(role) if role.is_system && change.action == Action::Delete => {
                Err(Error::conflict("a built-in role cannot be deleted"))
            }
            Some(role) if role.is_system && change.after.name.try_as_ref() != Some(&role.name) => {
                Err(Error::conflict_at(
                    "/name",
                    Code::NotAllowed,
                    "a built-in role cannot be renamed",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// Fails unless all these permissions exist.
fn check_names<'a>(reads: &impl Reads, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let registry = reads.kernel().registry();
    registry.check_permissions("/permissions", names)
}

/// Fails unless the actor holds all these permissions.
fn check_held(actor: &Actor, permissions: &Json) -> Result<()> {
    if parse(permissions).all(|permission| actor.holds(&permission)) {
        Ok(())
    } else {
        Err(Error::forbidden(
            "this role has, or would have, a permission that you lack",
        ))
    }
}

/// Returns the permissions in a role's JSON array.
pub fn parse(permissions: &Json) -> impl Iterator<Item = Permission> + '_ {
    names_in(permissions).map(Permission::new)
}

fn names_in(permissions: &Json) -> impl Iterator<Item = &str> {
    let texts = permissions.as_array().into_iter().flatten();
    texts.filter_map(Json::as_str)
}
