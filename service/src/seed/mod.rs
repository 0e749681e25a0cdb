//! Sample data in quantity: users, posts and comments like those the service creates, written in bulk, and bodies for all other
//! tables that declare a sample.
//!
//! Every transaction writes at most 1,000 rows, after it has locked the rows that they belong to. A run adds to existing
//! data: names contain a number that no row had before. Rows are written in the order of their times, so that indexes grow
//! at their ends; in random order, SQLite wrote about a third fewer rows per second.
mod bodies;
mod comments;
mod posts;
mod sample;
mod text;
mod timeline;
mod users;

use std::ops::Range;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use secrecy::SecretString;

use kernel::{Error, Result, Session, Tx};

/// The rows of one statement and transaction: 1,000 users bind 12,000 values, and SQLite accepts 32,766.
const BATCH: u32 = 1_000;
/// The tries for each batch, because a generated name may already be taken.
const TRIES: usize = 10;

pub use bodies::Bodies;

/// The amounts of the tables that are written in bulk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Amounts {
    pub users: u32,
    pub posts: u32,
    pub comments: u32,
}

/// Adds these amounts of rows. `progress` gets the number of rows of each committed transaction.
///
/// The users have this password, or a random one that is not shown. Fails with [`Error::Conflict`] if there are no users to write posts,
/// or no published posts to comment on.
pub async fn seed(
    session: &Session,
    amounts: Amounts,
    password: Option<SecretString>,
    progress: impl Fn(u32),
) -> Result<()> {
    users::seed(session, amounts.users, password, &progress).await?;
    posts::seed(session, amounts.posts, &progress).await?;
    comments::seed(session, amounts.comments, &progress).await
}

/// Writes `count` rows in batches. `batch` gets the positions of its rows in the run. It runs again if a name is taken, so it
/// must generate new names.
async fn in_batches(
    session: &Session,
    count: u32,
    progress: &impl Fn(u32),
    batch: impl AsyncFn(&Tx, Range<u32>) -> Result<()>,
) -> Result<()> {
    let mut done = 0;
    while done < count {
        let rows = done..count.min(done.saturating_add(BATCH));
        let mut tries_left = TRIES;
        while let Err(error) = session
            .write(async |tx| batch(tx, rows.clone()).await)
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
