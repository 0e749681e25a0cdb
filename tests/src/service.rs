//! The service without a server: for what HTTP cannot show, and for databases that are made otherwise.
use migration::MIGRATOR;
use std::time::Duration;

use service::{
    Actor, Atoll, Crud, Database, Found, Kernel, Posts, Readable, Result, Session, Tx, Users,
    database::Settings, posts::NewPost, query::ListQuery, resources::registry, users::NewUser,
};
use tempfile::TempDir;

use crate::{Backend, app::service_settings, settings};

/// The operator's view: its sessions may do everything.
pub struct Service {
    pub atoll: Kernel,
    pub url: String,
    /// Of the database, which goes with it.
    folder: Option<TempDir>,
}

impl Service {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let (url, folder) = Backend::of_this_run().fresh().await;
        let mut service = Self::at(&url, change).await;
        service.folder = folder;
        service
    }

    /// Beside others on one database.
    pub async fn at(url: &str, change: impl FnOnce(&mut Settings)) -> Self {
        // Only what a test is about may be short of time.
        let mut settings = Settings {
            acquire_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            ..settings(url)
        };
        change(&mut settings);
        let database = Database::connect(&settings, None).await.unwrap();
        database.migrations(MIGRATOR).up(None).await.unwrap();
        Self {
            atoll: Atoll::start(database, service_settings()),
            url: url.to_owned(),
            folder: None,
        }
    }

    /// Waits for others as long as it takes, up to what no test takes.
    pub async fn patient() -> Self {
        Self::with(|settings| {
            settings.read_timeout = Duration::from_mins(1);
            settings.write_timeout = Duration::from_mins(1);
            settings.lock_timeout = Duration::from_mins(1);
            settings.idle_in_transaction_timeout = Duration::from_mins(1);
            settings.max_connections = 8;
        })
        .await
    }

    pub fn session(&self) -> Session {
        self.atoll.session(Actor::System)
    }

    pub async fn write<T>(&self, work: impl AsyncFn(&Tx) -> Result<T>) -> Result<T> {
        self.session().write(work).await
    }

    /// Somebody who cannot sign in.
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

    /// A published post.
    pub async fn post(&self, author: i64, title: &str) -> i64 {
        let new = draft(author, title);
        let new = NewPost {
            status: Some("published".to_owned()),
            ..new
        };
        let made = self.write(async |tx| Posts::create(tx, &new).await).await;
        made.unwrap().id
    }

    /// The slugs of all posts that there are.
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

/// A post to be.
pub fn draft(author: i64, title: &str) -> NewPost {
    NewPost {
        title: title.to_owned(),
        content: format!("About {title}."),
        author_id: Some(author),
        ..NewPost::default()
    }
}
