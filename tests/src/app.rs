//! A server on a fresh database, and its callers.
use migration::MIGRATOR;
use std::{net::SocketAddr, sync::OnceLock, time::Duration};

use actix_web::dev::ServerHandle;
use api::{config::Profile, routes::routes, server, site::Site};
use kernel::{Actor, Cache, CrudOperations, Database, Kernel};
use secrecy::SecretString;
use serde_json::json;
use service::{Users, identity, mail::Mailer, password::Hasher, users::NewUser};
use web::{
    Route,
    load::{Load, LoadSettings},
    rate::{RateSettings, RedisSettings},
    settings::{ApiSettings, HttpSettings, ServerSettings},
};

use crate::{Backend, Client, Place, Statements, settings, sql};

/// The password of every user.
pub const PASSWORD: &str = "correct horse battery staple";

/// The settings that a test may change.
pub struct Knobs {
    pub server: ServerSettings,
    pub api: ApiSettings,
    pub rate_limit: RateSettings,
    pub load: LoadSettings,
    pub redis: RedisSettings,
    pub service: service::Settings,
    pub profile: Profile,
    pub has_admin: bool,
    /// The routes of the API.
    pub routes: fn() -> Vec<Route>,
    pub database: fn(&mut kernel::database::Settings),
    /// The URLs of the replicas of the database.
    pub replicas: Vec<SecretString>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            server: server_settings(),
            api: ApiSettings::default(),
            rate_limit: no_limits(),
            load: load_settings(),
            redis: RedisSettings::default(),
            service: service_settings(),
            profile: Profile::Test,
            has_admin: true,
            routes,
            database: |_| {},
            replicas: Vec::new(),
        }
    }
}

pub struct TestApp {
    pub kernel: Kernel,
    pub backend: Backend,
    pub statements: Statements,
    pub address: SocketAddr,
    pub url: String,
    /// The limits on callers, with their current counts.
    pub load: Load,
    server: ServerHandle,
    /// The place of the database, if it is removed with this server.
    pub place: Place,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::on(Backend::current()).await
    }

    pub async fn on(backend: Backend) -> Self {
        Self::start(backend, |_| {}).await
    }

    /// Starts a server with changed settings.
    pub async fn with(change: impl FnOnce(&mut Knobs)) -> Self {
        Self::start(Backend::current(), change).await
    }

    async fn start(backend: Backend, change: impl FnOnce(&mut Knobs)) -> Self {
        let (url, place) = backend.fresh().await;
        let mut app = Self::at(&url, backend, change).await;
        app.place = place;
        app
    }

    /// Starts a server on an existing database, which is already migrated if it is PostgreSQL.
    pub async fn at(url: &str, backend: Backend, change: impl FnOnce(&mut Knobs)) -> Self {
        let mut knobs = Knobs::default();
        change(&mut knobs);
        let mut settings = settings(url);
        settings.replica_urls.clone_from(&knobs.replicas);
        (knobs.database)(&mut settings);
        let statements = Statements::default();
        let database = Database::connect(&settings, Some(statements.observer()))
            .await
            .unwrap();
        if !backend.is_postgres() {
            database.migrations(MIGRATOR).up(None).await.unwrap();
        }
        database.secret().await.unwrap();
        let kernel = service::start(database, knobs.service.clone());
        Self::serve(kernel, (url, backend, statements), knobs)
    }

    /// Starts another server without a cache on the same database, which may be in memory.
    #[must_use]
    pub fn uncached(&self) -> Self {
        let kernel = self.kernel.clone().with_cache(Cache::off());
        let statements = self.statements.clone();
        Self::serve(
            kernel,
            (&self.url, self.backend, statements),
            Knobs::default(),
        )
    }

    fn serve(
        kernel: Kernel,
        (url, backend, statements): (&str, Backend, Statements),
        knobs: Knobs,
    ) -> Self {
        let http = HttpSettings {
            server: knobs.server,
            api: knobs.api,
            rate_limit: knobs.rate_limit,
            load: knobs.load,
            redis: knobs.redis,
            log_client_address: false,
        };
        let site = Site::new(knobs.profile, &http.server, knobs.has_admin);
        let server = server::with_routes(&http, kernel.clone(), (site, knobs.routes)).unwrap();
        let (address, handle) = (server.address, server.handle());
        let load = server.load().clone();
        actix_web::rt::spawn(server.run());
        statements.forget();
        Self {
            kernel,
            backend,
            statements,
            address,
            url: url.to_owned(),
            load,
            server: handle,
            place: Place::Memory,
        }
    }

    /// Returns the SQL of the time this many seconds ago.
    pub fn ago(&self, seconds: i64) -> String {
        if self.backend.is_postgres() {
            format!("now() - interval '{seconds} seconds'")
        } else {
            format!("strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', 'now', '-{seconds} seconds')")
        }
    }

    pub fn anonymous(&self) -> Client {
        Client::new(self.address, None, 0)
    }

    /// Signs in a new user with the built-in role of every user.
    pub async fn member(&self, name: &str) -> Client {
        self.person(name, false, &[]).await
    }

    pub async fn editor(&self, name: &str) -> Client {
        self.person(name, false, &["editor"]).await
    }

    pub async fn admin(&self, name: &str) -> Client {
        self.person(name, false, &["admin"]).await
    }

    pub async fn superuser(&self, name: &str) -> Client {
        self.person(name, true, &[]).await
    }

    /// Signs in a new user with a role of these permissions, and the role `member`.
    pub async fn with_permissions(&self, name: &str, permissions: &[&str]) -> Client {
        let role = json!({ "name": format!("of-{name}"), "permissions": permissions });
        let role = serde_json::from_value(role).unwrap();
        let system = self.kernel.session(Actor::System);
        system
            .write(async |tx| service::Roles::create(tx, &role).await)
            .await
            .unwrap();
        self.person(name, false, &[&format!("of-{name}")]).await
    }

    /// Creates a user, assigns roles, and signs in over HTTP.
    async fn person(&self, name: &str, is_superuser: bool, roles: &[&str]) -> Client {
        let id = self.user(name, is_superuser, roles).await;
        let token = self.anonymous().login(name, PASSWORD).await;
        self.use_sessions(id).await;
        Client::new(self.address, Some(token), id)
    }

    /// Makes the sessions of a user look used: the first use is stored after its request, and would be counted with later statements.
    async fn use_sessions(&self, user_id: i64) {
        let age = format!(
            "UPDATE sessions SET created_at = {} WHERE user_id = {user_id}",
            self.ago(1)
        );
        sql::run(&self.kernel, &age).await;
    }

    /// Creates a user with the role `member` and these roles, who has not signed in.
    pub async fn user(&self, name: &str, is_superuser: bool, roles: &[&str]) -> i64 {
        let new = NewUser {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            is_superuser: Some(is_superuser),
            password_hash: Some(
                password_hash(&self.kernel.state::<service::identity::Identity>().settings).await,
            ),
            ..NewUser::default()
        };
        let system = self.kernel.session(Actor::System);
        let made = system.write(async |tx| {
            let user = Users::create(tx, &new).await?;
            for role in roles {
                let role = service::roles::by_name(tx, role).await?;
                service::roles::assign(tx, user.id, role.id).await?;
            }
            Ok(user.id)
        });
        made.await.unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.server.stop(false));
        if !std::thread::panicking() {
            self.statements.assert_scoped();
        }
    }
}

pub fn service_settings() -> service::Settings {
    service::Settings {
        auth: identity::Settings {
            session_lifetime: Duration::from_hours(1),
            // Tests count statements, so each caller is looked up.
            cache_lifetime: Duration::ZERO,
            // Far below the minimum of a server: the suite signs in some ten thousand times.
            hash_memory: 64,
            hash_passes: 1,
            ..identity::Settings::default()
        },
        audit: kernel::audit::Settings::default(),
        soft_delete: service::retention::Settings::default(),
        idempotency: kernel::idempotency::Settings::default(),
        // Tests count statements, so each answer is read.
        cache: Cache::off(),
        mail: Mailer::default(),
    }
}

/// No limits: a test may send any number of requests.
fn no_limits() -> RateSettings {
    RateSettings {
        signed_in: 0,
        anonymous: 0,
        auth: 0,
        ..RateSettings::default()
    }
}

/// The limit of one caller equals the limit of all callers.
fn load_settings() -> LoadSettings {
    LoadSettings {
        requests_per_caller: 0,
        running_per_user: 0,
        waiting_per_address: 0,
        bulk_bytes: 256 * 1024 * 1024,
        connections_per_address: 0,
        ..LoadSettings::default()
    }
}

/// One worker on a free port.
pub fn server_settings() -> ServerSettings {
    ServerSettings {
        port: 0,
        workers: 1,
        max_in_flight: 64,
        drain_timeout: Duration::from_secs(5),
        ..ServerSettings::default()
    }
}

/// Returns the hash of the common password. Each run computes it once with cheap settings and once with those of a server.
async fn password_hash(auth: &identity::Settings) -> String {
    static CHEAP: OnceLock<String> = OnceLock::new();
    static EXPENSIVE: OnceLock<String> = OnceLock::new();
    let defaults = identity::Settings::default();
    let (known, settings) = if auth.hash_memory < defaults.hash_memory {
        (&CHEAP, service_settings().auth)
    } else {
        (&EXPENSIVE, defaults)
    };
    if let Some(hash) = known.get() {
        return hash.clone();
    }
    let hash = Hasher::start(&settings)
        .hash(SecretString::from(PASSWORD))
        .await
        .unwrap();
    known.get_or_init(|| hash).clone()
}
