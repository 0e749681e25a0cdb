//! sqlx on a SQLite file: connections that read, and one that writes.
use std::{error::Error, time::Duration};

use chrono::Utc;
use sqlx::{
    SqlitePool, query_as,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    CONNECTIONS, Store,
    model::{CREATE, GET, LIST, NewPost, Post, PostWithAuthor},
};

#[derive(Clone)]
pub struct Sqlite {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Sqlite {
    pub async fn open(url: &str) -> Result<Self, Box<dyn Error>> {
        let options: SqliteConnectOptions = url.parse()?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections);
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(CONNECTIONS)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { readers, writer })
    }
}

impl Store for Sqlite {
    type Failure = sqlx::Error;

    async fn get(&self, id: i64) -> Result<Option<Post>, sqlx::Error> {
        query_as(GET).bind(id).fetch_optional(&self.readers).await
    }

    async fn list(&self, limit: i64) -> Result<Vec<PostWithAuthor>, sqlx::Error> {
        query_as(LIST).bind(limit).fetch_all(&self.readers).await
    }

    async fn create(&self, author: i64, post: NewPost) -> Result<Post, sqlx::Error> {
        let slug = post.slug();
        let insert = query_as(CREATE)
            .bind(Utc::now())
            .bind(post.title)
            .bind(slug);
        insert
            .bind(post.content)
            .bind(author)
            .fetch_one(&self.writer)
            .await
    }
}
