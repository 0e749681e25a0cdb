//! All routes of the API.
use web::{Route, meta, resource};

use crate::{
    audit, auth, content, doctor, explain, mode, personal_data, roles, roles::RoleView,
    system_status, users, users::UserView,
};

/// The name of the product.
pub const NAME: &str = "Atoll";

pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    routes.extend(auth::routes());
    routes.extend(explain::routes());
    routes.extend(personal_data::routes());
    routes.extend(resource::<UserView>());
    routes.extend(users::routes());
    routes.extend(content::routes());
    routes.extend(resource::<RoleView>());
    routes.extend(roles::routes());
    routes.extend(audit::routes());
    routes.push(meta(NAME, env!("CARGO_PKG_VERSION")));
    routes.extend(doctor::routes());
    routes.extend(system_status::routes());
    routes.extend(mode::routes());
    routes
}
