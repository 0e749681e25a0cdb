//! Every route there is. A new resource is one line here.
use service::{Comments, Posts, Roles, Users};

use crate::{
    audit, auth, explain,
    http::{Route, resource},
    own, posts, users,
};

pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    routes.extend(auth::routes());
    routes.extend(explain::routes());
    routes.extend(own::routes());
    routes.extend(resource::<Users>());
    routes.extend(users::routes());
    routes.extend(resource::<Posts>());
    routes.extend(posts::routes());
    routes.extend(resource::<Comments>());
    routes.extend(resource::<Roles>());
    routes.extend(audit::routes());
    routes
}
