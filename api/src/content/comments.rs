//! `/comments`: how comments are shown.
use entity::comments;
use service::Comments;
use web::prelude::*;

#[derive(Debug, JsonSchema, Serialize)]
pub struct CommentView {
    post_id: i64,
    author_id: i64,
    body: String,
}

impl From<comments::Model> for CommentView {
    fn from(comment: comments::Model) -> Self {
        Self {
            post_id: comment.post_id,
            author_id: comment.author_id,
            body: comment.body,
        }
    }
}

impl Resource for CommentView {
    type Service = Comments;
}
