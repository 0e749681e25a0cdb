//! `/roles`: how roles are shown.
use entity::roles;
use serde_json::Value;
use service::Roles;
use web::prelude::*;

#[derive(Debug, JsonSchema, Serialize)]
pub struct RoleView {
    name: String,
    description: Option<String>,
    #[schemars(with = "Vec<String>")]
    permissions: Value,
    is_system: bool,
}

impl From<roles::Model> for RoleView {
    fn from(role: roles::Model) -> Self {
        Self {
            name: role.name,
            description: role.description,
            permissions: role.permissions,
            is_system: role.is_system,
        }
    }
}

impl Resource for RoleView {
    type Service = Roles;
}
