//! sqlx on PostgreSQL: one pool for all workers, one statement for each request.
use std::error::Error;

use chrono::Utc;
use sqlx::{PgPool, postgres::PgPoolOptions, query_as};

use crate::{
    CONNECTIONS, Store,
    model::{CREATE, GET, LIST, NewPost, Post, PostWithAuthor},
};

#[derive(Clone)]
pub struct ByHand(PgPool);

impl ByHand {
    pub async fn open(url: &str) -> Result<Self, Box<dyn Error>> {
        let options = PgPoolOptions::new().max_connections(CONNECTIONS);
        Ok(Self(options.connect(url).await?))
    }
}

impl Store for ByHand {
    type Failure = sqlx::Error;

    async fn get(&self, id: i64) -> Result<Option<Post>, sqlx::Error> {
        query_as(GET).bind(id).fetch_optional(&self.0).await
    }

    async fn list(&self, limit: i64) -> Result<Vec<PostWithAuthor>, sqlx::Error> {
        query_as(LIST).bind(limit).fetch_all(&self.0).await
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
            .fetch_one(&self.0)
            .await
    }
}
