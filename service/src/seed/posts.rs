//! Posts, most of them published.
use std::cmp::max;

use ::entity::posts::{ActiveModel, Entity};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::{
    in_batches,
    sample::{Parent, Time, chance, last_id, lock_some, pick, sample},
    text,
    timeline::Timeline,
};
use crate::{
    content::Posts,
    content::posts::{DRAFT, PUBLISHED},
    identity::Users,
};
use kernel::{Error, Readable, Result, Session, query, resource::everything};

pub async fn seed(session: &Session, count: u32, progress: &impl Fn(u32)) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let authors = sample(session, Users::name(), "created_at", everything()).await?;
    if authors.is_empty() {
        return Err(Error::conflict(
            "posts need authors: add users with --users",
        ));
    }
    let first = last_id(session, Posts::name()).await? + 1;
    let timeline = Timeline::since_first(&authors, count);
    in_batches(session, count, progress, async |tx, rows| {
        let authors = lock_some(tx, Users::name(), &authors, everything()).await?;
        let post = |row| {
            let number = first + i64::from(row);
            post(number, status(row), timeline.moment(row), &authors)
        };
        let posts = Entity::insert_many(rows.map(post))
            .exec_with_returning(tx)
            .await?;
        query::index::<Posts>(tx, &posts).await
    })
    .await
}

/// Four out of five posts are published. The first one always is, so that there is a post to comment on.
fn status(row: u32) -> &'static str {
    if row == 0 || chance(80) {
        PUBLISHED
    } else {
        DRAFT
    }
}

fn post(number: i64, status: &str, moment: Time, authors: &[Parent]) -> ActiveModel {
    let title = text::title();
    let author = pick(authors, moment);
    let since = max(moment, author.since);
    ActiveModel {
        created_at: Set(since),
        updated_at: Set(since),
        version: Set(1),
        author_id: Set(author.id),
        slug: Set(format!("{}-{number}", slug::slugify(&title))),
        title: Set(title),
        summary: Set(chance(60).then(text::sentence)),
        content: Set(text::article()),
        status: Set(status.to_owned()),
        published_at: Set((status == PUBLISHED).then_some(since)),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_at_least_one_published_post() {
        assert!((0..100).all(|_| status(0) == PUBLISHED));
    }
}
