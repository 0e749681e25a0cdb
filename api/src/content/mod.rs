//! What users write, as the API shows it. A new table adds two lines here: its module and its routes.
pub mod comments;
pub mod posts;

use web::{Route, resource};

pub fn routes() -> Vec<Route> {
    let mut routes = resource::<posts::PostView>();
    routes.extend(posts::routes());
    routes.extend(resource::<comments::CommentView>());
    routes
}
