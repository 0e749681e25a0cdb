//! All routes of the API. A new resource adds one line here.
use service::{Comments, Posts, Roles, Users};

use crate::{
    audit, auth, explain,
    http::{Route, resource},
    personal_data, posts, users,
};

pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    routes.extend(auth::routes());
    routes.extend(explain::routes());
    routes.extend(personal_data::routes());
    routes.extend(resource::<Users>());
    routes.extend(users::routes());
    routes.extend(resource::<Posts>());
    routes.extend(posts::routes());
    routes.extend(resource::<Comments>());
    routes.extend(resource::<Roles>());
    routes.extend(audit::routes());
    routes
}
