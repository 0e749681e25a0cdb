//! All routes of the API.
use web::{Route, resource};

use crate::{
    audit, auth, content, doctor, explain, personal_data, roles, roles::RoleView, users,
    users::UserView,
};

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
    routes.extend(doctor::routes());
    routes
}
