//! Posts, most of them published.
use std::cmp::max;

use ::entity::posts::{ActiveModel, Entity};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::{
    in_chunks,
    sample::{Parent, Time, chance, hold, last_id, pick, sample},
    text,
    timeline::Timeline,
};
use crate::{
    Crud, Error, Posts, Result, Session, Users,
    crud::everything,
    posts::{DRAFT, PUBLISHED},
    query,
};

pub async fn seed(session: &Session, count: u32, progress: &impl Fn(u32)) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let authors = sample(session, Users::name(), "created_at", everything()).await?;
    if authors.is_empty() {
        return Err(Error::conflict(
            "posts need authors, and there are no users",
        ));
    }
    let first = last_id(session, Posts::name()).await? + 1;
    let timeline = Timeline::since_first(&authors, count);
    in_chunks(session, count, progress, async |tx, rows| {
        let authors = hold(tx, Users::name(), &authors, everything()).await?;
        let post = |row| post(first + i64::from(row), timeline.moment(row), &authors);
        let posts = Entity::insert_many(rows.map(post))
            .exec_with_returning(tx)
            .await?;
        query::index::<Posts>(tx, &posts).await
    })
    .await
}

fn post(number: i64, moment: Time, authors: &[Parent]) -> ActiveModel {
    let title = text::title();
    let author = pick(authors, moment);
    let since = max(moment, author.since);
    let status = match chance(80) {
        true => PUBLISHED,
        false => DRAFT,
    };
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
