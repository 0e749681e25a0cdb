//! Plausible data in quantity: users, posts and comments as the service would have made them, written in bulk.
//!
//! Every transaction writes at most [`CHUNK`] rows, after it has locked the rows that they belong to. What a run adds
//! stands beside what was there: names carry a number that no row had before.
mod comments;
mod posts;
mod sample;
mod text;
mod users;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::{Error, Result, Session, Tx};

/// Rows of one statement, and of one transaction: 1,000 users bind 12,000 values, and SQLite takes 32,766.
const CHUNK: usize = 1_000;
/// A name that somebody has chosen by hand may be in the way of a made-up one.
const TRIES: usize = 10;

#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    pub users: usize,
    pub posts: usize,
    pub comments: usize,
}

impl Amounts {
    pub fn total(&self) -> usize {
        self.users + self.posts + self.comments
    }
}

/// Adds that many rows. `progress` gets the number of rows that each committed transaction added.
///
/// The users have a password that nobody knows. Fails with [`Error::Conflict`] when there is nobody to write posts,
/// or no published post to comment on.
pub async fn seed(session: &Session, amounts: Amounts, progress: impl Fn(usize)) -> Result<()> {
    users::seed(session, amounts.users, &progress).await?;
    posts::seed(session, amounts.posts, &progress).await?;
    comments::seed(session, amounts.comments, &progress).await
}

/// Writes `count` rows, a chunk after the other. `chunk` is given the number of rows that it is to write, and how many
/// were written before it; on a name that is taken it runs again, and so must make up new ones.
async fn in_chunks(
    session: &Session,
    count: usize,
    progress: &impl Fn(usize),
    chunk: impl AsyncFn(&Tx, usize, usize) -> Result<()>,
) -> Result<()> {
    for done in (0..count).step_by(CHUNK) {
        let size = CHUNK.min(count - done);
        let mut tries_left = TRIES;
        while let Err(error) = session.write(async |tx| chunk(tx, size, done).await).await {
            tries_left -= 1;
            let is_taken =
                matches!(&error, Error::Conflict { refusals, .. } if !refusals.is_empty());
            if !is_taken || tries_left == 0 {
                return Err(error);
            }
        }
        progress(size);
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
