//! Finds the user that a command names.
use anyhow::{Context, bail};
use kernel::{Error, Session};
use service::users::{by_username, similar_username};

use crate::cli::explain::explain;

/// Returns the id of a live user. Fails with the name that was probably meant.
pub async fn find(session: &Session, username: &str) -> anyhow::Result<i64> {
    match by_username(session, username).await {
        Ok(user) => Ok(user.id),
        Err(Error::NotFound) => {
            let similar = similar_username(session, username).await;
            match similar.map_err(explain)? {
                Some(similar) => bail!("no user `{username}`; did you mean `{similar}`?"),
                None => bail!("no user `{username}`; `atoll user list` lists all"),
            }
        }
        Err(error) => Err(explain(error)).with_context(|| username.to_owned()),
    }
}
