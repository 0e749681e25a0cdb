//! `/roles`: how roles are shown.
use serde_json::Value;
use service::Roles;
use web::prelude::*;

view! {
    pub struct RoleView of Roles {
        name: String,
        description: Option<String>,
        #[schemars(with = "Vec<String>")]
        permissions: Value,
        is_system: bool,
    }
}
