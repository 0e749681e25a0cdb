//! tokio-postgres: each worker has a few connections of its own, and requests share them without waiting for each other's answers.
use std::{cell::Cell, error::Error};

use actix_web::rt::spawn;
use chrono::Utc;
use futures_util::future::{try_join, try_join_all};
use tokio_postgres::{Client, NoTls, Row, Statement};

use crate::{
    Store,
    model::{Author, CREATE, GET, LIST, NewPost, Post, PostWithAuthor},
};

/// With one connection, each insert would wait for the commits of those before it.
const PER_WORKER: usize = 5;

pub struct Pipelined {
    connections: Vec<Connection>,
    next: Cell<usize>,
}

struct Connection {
    client: Client,
    get: Statement,
    list: Statement,
    create: Statement,
}

impl Pipelined {
    pub async fn open(url: String) -> Result<Self, Box<dyn Error>> {
        let connections = (0..PER_WORKER).map(|_| Connection::open(&url));
        Ok(Self {
            connections: try_join_all(connections).await?,
            next: Cell::new(0),
        })
    }

    fn connection(&self) -> &Connection {
        let next = (self.next.get() + 1) % self.connections.len();
        self.next.set(next);
        &self.connections[next]
    }
}

impl Connection {
    async fn open(url: &str) -> Result<Self, Box<dyn Error>> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
        let reads = try_join(client.prepare(GET), client.prepare(LIST));
        let ((get, list), create) = try_join(reads, client.prepare(CREATE)).await?;
        Ok(Self {
            client,
            get,
            list,
            create,
        })
    }
}

impl Store for Pipelined {
    type Failure = tokio_postgres::Error;

    async fn get(&self, id: i64) -> Result<Option<Post>, Self::Failure> {
        let on = self.connection();
        let row = on.client.query_opt(&on.get, &[&id]).await?;
        row.map(|row| post(&row)).transpose()
    }

    async fn list(&self, limit: i64) -> Result<Vec<PostWithAuthor>, Self::Failure> {
        let on = self.connection();
        let rows = on.client.query(&on.list, &[&limit]).await?;
        rows.iter().map(post_with_author).collect()
    }

    async fn create(&self, author: i64, new: NewPost) -> Result<Post, Self::Failure> {
        let on = self.connection();
        let values = (Utc::now(), new.slug());
        let row = on
            .client
            .query_one(
                &on.create,
                &[&values.0, &new.title, &values.1, &new.content, &author],
            )
            .await?;
        post(&row)
    }
}

fn post(row: &Row) -> Result<Post, tokio_postgres::Error> {
    Ok(Post {
        id: row.try_get(0)?,
        created_at: row.try_get(1)?,
        updated_at: row.try_get(2)?,
        version: row.try_get(3)?,
        title: row.try_get(4)?,
        slug: row.try_get(5)?,
        summary: row.try_get(6)?,
        content: row.try_get(7)?,
        status: row.try_get(8)?,
        published_at: row.try_get(9)?,
        author_id: row.try_get(10)?,
    })
}

fn post_with_author(row: &Row) -> Result<PostWithAuthor, tokio_postgres::Error> {
    Ok(PostWithAuthor {
        post: post(row)?,
        author: Author {
            id: row.try_get(11)?,
            created_at: row.try_get(12)?,
            updated_at: row.try_get(13)?,
            version: row.try_get(14)?,
            username: row.try_get(15)?,
            full_name: row.try_get(16)?,
            bio: row.try_get(17)?,
            is_active: row.try_get(18)?,
        },
    })
}
