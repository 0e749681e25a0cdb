//! `/posts`: how posts are shown, and their comments.

use service::{
    Comments, Posts,
    comments::{NewComment, NewPostComment},
};
use web::prelude::*;

use super::comments::CommentView;

view! {
    pub struct PostView of Posts {
        title: String,
        slug: String,
        summary: Option<String>,
        content: String,
        status: String,
        published_at: Option<Time>,
        author_id: i64,
    }
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
        )
        .may_lag()
        .summary("List the comments on a post")
        .about("Returns one page of the comments on the post."),
        Route::new(
            "create_comment",
            Method::POST,
            path,
            on_post(Action::Create),
            create_comment,
        )
        .summary("Comment on a post")
        .about(
            "Creates a comment on the post. An invisible post is 404 here, because the path \
             names it; in `POST /comments` it is 422.",
        ),
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
async fn create_comment(call: Call<NewPostComment>) -> Answer<CreatedRow<CommentView>> {
    let NewPostComment { body, author_id } = call.input.clone();
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
