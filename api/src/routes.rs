//! All routes of the API. A new resource adds one line here.
use web::{Route, resource};

use crate::{
    audit, auth, comments::CommentView, explain, personal_data, posts, posts::PostView,
    roles::RoleView, users, users::UserView,
};

pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    routes.extend(auth::routes());
    routes.extend(explain::routes());
    routes.extend(personal_data::routes());
    routes.extend(resource::<UserView>());
    routes.extend(users::routes());
    routes.extend(resource::<PostView>());
    routes.extend(posts::routes());
    routes.extend(resource::<CommentView>());
    routes.extend(resource::<RoleView>());
    routes.extend(audit::routes());
    routes
}
