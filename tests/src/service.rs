//! The service without a server, for tests of what HTTP does not show.
use std::time::Duration;

use kernel::{
    Actor, CrudOperations, Database, Found, Kernel, ReadOperations, Readable, Result, Session, Tx,
    database::Settings, query::ListQuery,
};
use migration::MIGRATOR;
use service::{Posts, Users, posts::NewPost, registry, users::NewUser};

use crate::{Backend, Place, app::service_settings, settings};

/// A service whose sessions act as the system, which may do everything.
pub struct Service {
    pub kernel: Kernel,
    pub url: String,
    /// The place of the database, if it is removed with this service.
    place: Place,
}

impl Service {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let (url, place) = Backend::current().fresh().await;
        let mut service = Self::at(&url, change).await;
        service.place = place;
        service
    }

    /// Starts a service on an existing database, perhaps beside others.
    pub async fn at(url: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings(url);
        change(&mut settings);
        let database = Database::connect(&settings, None).await.unwrap();
        database.migrations(MIGRATOR).up(None).await.unwrap();
        Self {
            kernel: service::start(database, service_settings()),
            url: url.to_owned(),
            place: Place::Memory,
        }
    }

    /// A service whose reads, writes and waits for locks may take a minute.
    pub async fn patient() -> Self {
        Self::with(|settings| {
            settings.read_timeout = Duration::from_mins(1);
            settings.write_timeout = Duration::from_mins(1);
            settings.lock_timeout = Duration::from_mins(1);
            settings.max_connections = 8;
        })
        .await
    }

    pub fn session(&self) -> Session {
        self.kernel.session(Actor::System)
    }

    pub async fn write<T>(&self, work: impl AsyncFn(&Tx) -> Result<T>) -> Result<T> {
        self.session().write(work).await
    }

    /// Creates a user who cannot sign in.
    pub async fn user(&self, name: &str) -> i64 {
        let new = NewUser {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password_hash: Some("none".to_owned()),
            ..NewUser::default()
        };
        let made = self.write(async |tx| Users::create(tx, &new).await).await;
        made.unwrap().id
    }

    /// Creates a published post.
    pub async fn post(&self, author: i64, title: &str) -> i64 {
        let new = draft(author, title);
        let new = NewPost {
            status: Some("published".to_owned()),
            ..new
        };
        let made = self.write(async |tx| Posts::create(tx, &new).await).await;
        made.unwrap().id
    }

    /// Returns the slugs of all posts.
    pub async fn slugs(&self) -> Vec<String> {
        let everything =
            ListQuery::<Posts>::parse([("sort", "id"), ("limit", "100")], registry()).unwrap();
        let page = Posts::list(&self.session(), &everything).await.unwrap();
        let slug = |found: Found<_>| -> String {
            let post: <Posts as Readable>::Row = found.row;
            post.slug
        };
        page.rows.into_iter().map(slug).collect()
    }
}

/// The input of a new draft.
pub fn draft(author: i64, title: &str) -> NewPost {
    NewPost {
        title: title.to_owned(),
        content: format!("About {title}."),
        author_id: Some(author),
        ..NewPost::default()
    }
}
