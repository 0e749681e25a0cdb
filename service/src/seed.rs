//! Plausible data in quantity: users, posts and comments as the service would have made them, written in bulk.
//!
//! Every transaction writes at most 1,000 rows, after it has locked the rows that they belong to. What a run adds
//! stands beside what was there: names carry a number that no row had before. Rows come in the order of their times,
//! so that indexes grow at their ends: at random, SQLite wrote about a third fewer rows a second.
mod comments;
mod posts;
mod sample;
mod text;
mod timeline;
mod users;

use std::ops::Range;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::{Error, Result, Session, Tx};

/// Rows of one statement, and of one transaction: 1,000 users bind 12,000 values, and SQLite takes 32,766.
const CHUNK: u32 = 1_000;
/// A name that somebody has chosen by hand may be in the way of a made-up one.
const TRIES: usize = 10;

#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    pub users: u32,
    pub posts: u32,
    pub comments: u32,
}

impl Amounts {
    pub fn total(&self) -> u64 {
        u64::from(self.users) + u64::from(self.posts) + u64::from(self.comments)
    }
}

/// Adds that many rows. `progress` gets the number of rows that each committed transaction added.
///
/// The users have a password that nobody knows. Fails with [`Error::Conflict`] when there is nobody to write posts,
/// or no published post to comment on.
pub async fn seed(session: &Session, amounts: Amounts, progress: impl Fn(u32)) -> Result<()> {
    users::seed(session, amounts.users, &progress).await?;
    posts::seed(session, amounts.posts, &progress).await?;
    comments::seed(session, amounts.comments, &progress).await
}

/// Writes `count` rows, a chunk after the other. `chunk` is given the places of its rows in the run; on a name that is
/// taken it runs again, and so must make up new ones.
async fn in_chunks(
    session: &Session,
    count: u32,
    progress: &impl Fn(u32),
    chunk: impl AsyncFn(&Tx, Range<u32>) -> Result<()>,
) -> Result<()> {
    let mut done = 0;
    while done < count {
        let rows = done..count.min(done.saturating_add(CHUNK));
        let mut tries_left = TRIES;
        while let Err(error) = session
            .write(async |tx| chunk(tx, rows.clone()).await)
            .await
        {
            tries_left -= 1;
            let is_taken =
                matches!(&error, Error::Conflict { refusals, .. } if !refusals.is_empty());
            if !is_taken || tries_left == 0 {
                return Err(error);
            }
        }
        progress(rows.end - done);
        done = rows.end;
    }
    Ok(())
}

async fn insert<A>(tx: &Tx, rows: Vec<A>) -> Result<()>
where
    A: ActiveModelTrait + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    A::Entity::insert_many(rows)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
