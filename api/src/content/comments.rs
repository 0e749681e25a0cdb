//! `/comments`: how comments are shown.
use service::Comments;
use web::prelude::*;

view! {
    pub struct CommentView of Comments {
        post_id: i64,
        author_id: i64,
        body: String,
    }
}
