//! `/posts`: how posts are shown, and their comments.
use std::marker::PhantomData;

use actix_web::http::Method;
use entity::posts;
use service::{
    Comments, Posts,
    comments::{NewComment, NewReply},
    crud::{Access, Crud, Readable},
    idempotency::Deed,
    permission::Action,
    posts::STATES,
};

use crate::http::{
    Answer, BASE, Call, CreatedRow, JsonSchema, ListParams, Listed, NoBody, Page, Reply, Route,
    Serialize, Time, UnderRow,
};

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

impl Listed for Posts {
    type View = PostView;
}

/// Routes of posts beyond the generic ones.
pub fn routes() -> Vec<Route> {
    let comments = format!("{BASE}/posts/{{id}}/comments");
    vec![
        Route::new(
            "list_comments",
            Method::GET,
            &comments,
            |actor| Comments::ruled(actor, Action::Read),
            list_comments,
        )
        .row_access::<Posts>(Access::Read),
        Route::new(
            "comment",
            Method::POST,
            &comments,
            |actor| Comments::ruled(actor, Action::Create),
            comment,
        )
        .row_access::<Posts>(Access::Read),
    ]
}

async fn list_comments(mut call: Call<NoBody, ListParams<Comments>>) -> Answer<Page<Comments>> {
    let post = Posts::visible_row(&call.session, call.id()).await?;
    call.query
        .0
        .narrow(entity::comments::Column::PostId, post.id);
    let query = &call.query.0;
    call.page(Comments::list(&call.session, query).await?, query)
        .await
}

/// An invisible post is a 404 here, because the path names it; in `POST /comments` it is a 422.
async fn comment(call: Call<NewReply>) -> Answer<CreatedRow<Comments>> {
    let post_id = call.id();
    let NewReply { body, author_id } = call.input.clone();
    let new = NewComment {
        post_id,
        body,
        author_id,
    };
    let deed = UnderRow::<Posts, _> {
        id: post_id,
        deed: Deed::<Comments>::Create(&new),
        row: PhantomData,
    };
    call.write(deed, async |tx| {
        Posts::visible_row(tx, post_id).await?;
        Reply::created_row::<Comments>(Comments::create(tx, &new).await?)
    })
    .await
}
