//! `/posts`: how posts are shown, and their comments.
use entity::posts;
use service::{
    Comments, Posts,
    comments::{NewComment, NewReply},
    posts::STATES,
};
use web::prelude::*;

use super::comments::CommentView;

#[derive(Debug, JsonSchema, Serialize)]
pub struct PostView {
    title: String,
    slug: String,
    summary: Option<String>,
    content: String,
    #[schemars(extend("enum" = STATES))]
    status: String,
    published_at: Option<Time>,
    author_id: i64,
}

impl From<posts::Model> for PostView {
    fn from(post: posts::Model) -> Self {
        Self {
            title: post.title,
            slug: post.slug,
            summary: post.summary,
            content: post.content,
            status: post.status,
            published_at: post.published_at.map(Time::from),
            author_id: post.author_id,
        }
    }
}

impl Resource for PostView {
    type Service = Posts;
}

/// Routes of posts beyond the generic ones.
pub fn routes() -> Vec<Route> {
    let on_post = |action| Rule::action::<CommentView>(action).on_row::<PostView>(Access::Read);
    let path = "/posts/{id}/comments";
    vec![
        Route::new(
            "list_comments",
            Method::GET,
            path,
            on_post(Action::Read),
            list_comments,
        ).summary("List the comments on a post").about("Returns one page of the comments on the post."),
        Route::new(
            "create_comment",
            Method::POST,
            path,
            on_post(Action::Create),
            comment,
        ).summary("Comment on a post").about("Creates a comment on the post. An invisible post is 404 here, because the path names it; in `POST /comments` it is 422."),
    ]
}

async fn list_comments(mut call: Call<NoBody, ListParams<Comments>>) -> Answer<Page<CommentView>> {
    let post = call.id();
    call.query.0.narrow(entity::comments::Column::PostId, post);
    let query = &call.query.0;
    call.page(Comments::list(&call.session, query).await?, query)
        .await
}

/// An invisible post is a 404 here, because the path names it; in `POST /comments` it is a 422.
async fn comment(call: Call<NewReply>) -> Answer<CreatedRow<CommentView>> {
    let NewReply { body, author_id } = call.input.clone();
    let new = NewComment {
        post_id: call.id(),
        body,
        author_id,
    };
    call.write(WriteRequest::<Comments>::Create(&new), async |tx| {
        Reply::created_row::<CommentView>(Comments::create(tx, &new).await?)
    })
    .await
}
