//! Posts, most of them published.
use ::entity::posts::ActiveModel;
use sea_orm::ActiveValue::Set;

use super::{
    in_chunks, insert,
    sample::{Parent, after, chance, hold, last_id, pick, sample},
    text,
};
use crate::{
    Crud, Error, Posts, Result, Session, Users,
    crud::everything,
    posts::{DRAFT, PUBLISHED},
};

pub async fn seed(session: &Session, count: usize, progress: &impl Fn(usize)) -> Result<()> {
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
    in_chunks(session, count, progress, async |tx, size, done| {
        let authors = hold(tx, Users::name(), &authors, everything()).await?;
        let posts = (first..)
            .skip(done)
            .take(size)
            .map(|number| post(number, pick(&authors)));
        insert(tx, posts.collect()).await
    })
    .await
}

fn post(number: i64, author: &Parent) -> ActiveModel {
    let title = text::title();
    let since = after(author.since);
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
