//! Comments on published posts.
use std::cmp::max;

use ::entity::{comments::ActiveModel, posts};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition};

use super::{
    in_batches, insert,
    sample::{Parent, Time, lock_some, pick, sample},
    text,
    timeline::Timeline,
};
use crate::{content::Posts, content::posts::PUBLISHED, identity::Users};
use kernel::{Error, Readable, Result, Session, resource::everything};

pub async fn seed(session: &Session, count: u32, progress: &impl Fn(u32)) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let authors = sample(session, Users::name(), "created_at", everything()).await?;
    let posts = sample(session, Posts::name(), "published_at", published()).await?;
    if posts.is_empty() {
        return Err(Error::conflict(
            "comments need published posts: add some with --posts",
        ));
    }
    let timeline = Timeline::since_first(&posts, count);
    in_batches(session, count, progress, async |tx, rows| {
        // Deletions lock users before posts; the opposite order could deadlock.
        let authors = lock_some(tx, Users::name(), &authors, everything()).await?;
        let posts = lock_some(tx, Posts::name(), &posts, published()).await?;
        let comment = |row| comment(timeline.moment(row), &authors, &posts);
        insert(tx, rows.map(comment).collect()).await
    })
    .await
}

fn published() -> Condition {
    Condition::all().add(posts::Column::Status.eq(PUBLISHED))
}

/// A comment is not older than its post or its author.
fn comment(moment: Time, authors: &[Parent], posts: &[Parent]) -> ActiveModel {
    let (author, post) = (pick(authors, moment), pick(posts, moment));
    let since = max(moment, max(author.since, post.since));
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
