//! `/posts`
use actix_web::http::Method;
use entity::posts;
use service::{
    Comments, Posts,
    comments::{NewComment, NewReply},
    crud::{Crud, Deleted},
    permission::Action,
};

use crate::http::{
    Answer, BASE, Call, Created, JsonSchema, ListOf, Many, NoBody, Reply, Resource, Route,
    Serialize, Time,
};

#[derive(Debug, JsonSchema, Serialize)]
pub struct PostView {
    title: String,
    slug: String,
    summary: Option<String>,
    content: String,
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

impl Resource for Posts {
    type View = PostView;
}

/// What is no CRUD of posts.
pub fn routes() -> Vec<Route> {
    let comments = format!("{BASE}/posts/{{id}}/comments");
    vec![
        Route::new(
            Method::GET,
            &comments,
            |actor| Comments::ruled(actor, Action::Read),
            list_comments,
        ),
        Route::new(
            Method::POST,
            &comments,
            |actor| Comments::ruled(actor, Action::Create),
            comment,
        ),
    ]
}

async fn list_comments(call: Call<NoBody, ListOf<Comments>>) -> Answer<Many<Comments>> {
    let post = Posts::get(&call.session, call.id(), Deleted::Exclude).await?;
    let query = call.query.0.with(entity::comments::Column::PostId, post.id);
    Reply::page::<Comments>(
        Comments::list(&call.session, &query).await?,
        &query,
        &call.links,
    )
}

/// On an invisible post 404, where `POST /comments` has 422: here the post is what the path names.
async fn comment(call: Call<NewReply>) -> Answer<Created<Comments>> {
    let post_id = call.id();
    let NewReply { body, author_id } = call.input;
    let new = NewComment {
        post_id,
        body,
        author_id,
    };
    let created = call.session.write(async |tx| {
        Posts::get(tx, post_id, Deleted::Exclude).await?;
        Comments::create(tx, &new).await
    });
    Reply::created::<Comments>(created.await?)
}
