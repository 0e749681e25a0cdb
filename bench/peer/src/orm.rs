//! SeaORM as its documentation shows it: entities, finders and active models on one connection pool.
use std::error::Error;

use chrono::Utc;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectOptions, Database, DatabaseConnection,
    DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::{
    CONNECTIONS, Store,
    model::{Author, NewPost, Post, PostWithAuthor},
};

mod posts {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "peer_posts")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        pub version: i64,
        pub title: String,
        pub slug: String,
        pub summary: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub content: String,
        pub status: String,
        pub published_at: Option<DateTimeUtc>,
        pub author_id: i64,
        #[sea_orm(belongs_to, from = "author_id", to = "id")]
        pub author: HasOne<super::users::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod users {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "peer_users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        pub version: i64,
        pub username: String,
        pub full_name: Option<String>,
        pub bio: Option<String>,
        pub is_active: bool,
        #[sea_orm(has_many)]
        pub posts: HasMany<super::posts::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Clone)]
pub struct Orm(DatabaseConnection);

impl Orm {
    pub async fn open(url: &str) -> Result<Self, Box<dyn Error>> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(CONNECTIONS).sqlx_logging(false);
        Ok(Self(Database::connect(options).await?))
    }
}

impl Store for Orm {
    type Failure = DbErr;

    async fn get(&self, id: i64) -> Result<Option<Post>, DbErr> {
        let post = posts::Entity::find_by_id(id).one(&self.0).await?;
        Ok(post.map(Post::from))
    }

    async fn list(&self, limit: i64) -> Result<Vec<PostWithAuthor>, DbErr> {
        let rows = posts::Entity::find()
            .filter(posts::Column::Status.eq("published"))
            .order_by_desc(posts::Column::Id)
            .limit(limit.unsigned_abs())
            .find_also_related(users::Entity)
            .all(&self.0)
            .await?;
        let with_author =
            |(post, author): (posts::Model, Option<_>)| Some(with_author(post, author?));
        Ok(rows.into_iter().filter_map(with_author).collect())
    }

    async fn create(&self, author: i64, new: NewPost) -> Result<Post, DbErr> {
        let now = Utc::now();
        let post = posts::ActiveModel {
            created_at: Set(now),
            updated_at: Set(now),
            version: Set(1),
            slug: Set(new.slug()),
            title: Set(new.title),
            content: Set(new.content),
            status: Set("draft".to_owned()),
            author_id: Set(author),
            ..Default::default()
        };
        Ok(post.insert(&self.0).await?.into())
    }
}

impl From<posts::Model> for Post {
    fn from(post: posts::Model) -> Self {
        Self {
            id: post.id,
            created_at: post.created_at,
            updated_at: post.updated_at,
            version: post.version,
            title: post.title,
            slug: post.slug,
            summary: post.summary,
            content: post.content,
            status: post.status,
            published_at: post.published_at,
            author_id: post.author_id,
        }
    }
}

fn with_author(post: posts::Model, author: users::Model) -> PostWithAuthor {
    PostWithAuthor {
        post: post.into(),
        author: Author {
            id: author.id,
            created_at: author.created_at,
            updated_at: author.updated_at,
            version: author.version,
            username: author.username,
            full_name: author.full_name,
            bio: author.bio,
            is_active: author.is_active,
        },
    }
}
