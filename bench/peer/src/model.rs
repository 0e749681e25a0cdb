//! Posts as these servers read and show them, with the columns that Atoll shows.
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

#[derive(Deserialize)]
pub struct NewPost {
    pub title: String,
    pub content: String,
}

impl NewPost {
    /// The title in lower case with hyphens. It need not be unique here.
    pub fn slug(&self) -> String {
        let lower = self.title.to_lowercase();
        lower.replace(|character: char| !character.is_ascii_alphanumeric(), "-")
    }
}

#[derive(FromRow, Serialize)]
pub struct Post {
    pub id: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    pub title: String,
    pub slug: String,
    pub summary: Option<String>,
    pub content: String,
    pub status: String,
    pub published_at: Option<DateTime<Utc>>,
    pub author_id: i64,
}

/// A post in a list. The columns of its author follow those of the post.
#[derive(FromRow, Serialize)]
pub struct PostWithAuthor {
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub post: Post,
    #[sqlx(flatten)]
    pub author: Author,
}

#[derive(FromRow, Serialize)]
pub struct Author {
    #[sqlx(rename = "user_id")]
    pub id: i64,
    #[sqlx(rename = "user_created_at")]
    pub created_at: DateTime<Utc>,
    #[sqlx(rename = "user_updated_at")]
    pub updated_at: DateTime<Utc>,
    #[sqlx(rename = "user_version")]
    pub version: i64,
    pub username: String,
    pub full_name: Option<String>,
    pub bio: Option<String>,
    pub is_active: bool,
}

pub const GET: &str = "SELECT id, created_at, updated_at, version, title, slug, summary, content, status, published_at, author_id \
     FROM peer_posts WHERE id = $1";

pub const LIST: &str = "SELECT p.id, p.created_at, p.updated_at, p.version, p.title, p.slug, p.summary, p.content, p.status, \
     p.published_at, p.author_id, u.id AS user_id, u.created_at AS user_created_at, u.updated_at AS user_updated_at, \
     u.version AS user_version, u.username, u.full_name, u.bio, u.is_active \
     FROM peer_posts p JOIN peer_users u ON u.id = p.author_id \
     WHERE p.status = 'published' ORDER BY p.id DESC LIMIT $1";

pub const CREATE: &str = "INSERT INTO peer_posts (created_at, updated_at, version, title, slug, content, status, author_id) \
     VALUES ($1, $1, 1, $2, $3, $4, 'draft', $5) \
     RETURNING id, created_at, updated_at, version, title, slug, summary, content, status, published_at, author_id";
