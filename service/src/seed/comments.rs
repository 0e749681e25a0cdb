//! Comments on published posts.
use ::entity::{comments::ActiveModel, posts};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition};

use super::{
    in_chunks, insert,
    sample::{Parent, after, hold, pick, sample},
    text,
};
use crate::{Crud, Error, Posts, Result, Session, Users, crud::everything, posts::PUBLISHED};

pub async fn seed(session: &Session, count: usize, progress: &impl Fn(usize)) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let authors = sample(session, Users::name(), "created_at", everything()).await?;
    let posts = sample(session, Posts::name(), "published_at", published()).await?;
    if posts.is_empty() {
        return Err(Error::conflict(
            "comments need published posts, and there are none",
        ));
    }
    in_chunks(session, count, progress, async |tx, size, _done| {
        // Users before posts, as a deletion locks them: the other order would be a deadlock.
        let authors = hold(tx, Users::name(), &authors, everything()).await?;
        let posts = hold(tx, Posts::name(), &posts, published()).await?;
        let comments = (0..size).map(|_| comment(pick(&authors), pick(&posts)));
        insert(tx, comments.collect()).await
    })
    .await
}

fn published() -> Condition {
    Condition::all().add(posts::Column::Status.eq(PUBLISHED))
}

/// Nobody comments before there is a post, or before they came.
fn comment(author: &Parent, post: &Parent) -> ActiveModel {
    let since = after(author.since.max(post.since));
    ActiveModel {
        created_at: Set(since),
        updated_at: Set(since),
        version: Set(1),
        author_id: Set(author.id),
        post_id: Set(post.id),
        body: Set(text::remark()),
        ..Default::default()
    }
}
