//! The server as a value: built, bound, run, and stopped without dropping a request.
use std::{cell::Cell, collections::HashSet, io, net::SocketAddr, process, sync::Arc};

use actix_cors::Cors;
use actix_web::{
    App, Error,
    dev::{Server as ActixServer, ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::from_fn,
    web::{self, Data},
};
use kernel::{Kernel, error::ReadOnly, metrics::Metrics};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{
    access::AccessPolicies,
    application::Application,
    call::{Declared, Limits, Origins, PublicUrl},
    draining::Draining,
    listener::{Listening, listen},
    load::{Concurrency, HeavyReads, Load},
    meta::Catalog,
    metrics::{self, HttpMetrics, Occupancy},
    middleware::{RequestGuard, guard_request, trace_request},
    problem::Problem,
    rate::Limiter,
    resource::Relations,
    route::{Route, mount},
    settings::HttpSettings,
    signals::{ModeSignals, StopSignals},
};

/// The routes of a server. Every worker mounts them.
type Routes = Arc<dyn Fn() -> Vec<Route> + Send + Sync>;

/// The routes with everything that their handlers need. It is cheap to clone, and every worker has a clone.
#[derive(Clone)]
pub struct Http {
    kernel: Kernel,
    application: Arc<dyn Application>,
    routes: Routes,
    settings: Arc<HttpSettings>,
    policies: Arc<AccessPolicies>,
    relations: Arc<Relations>,
    catalog: Arc<Catalog>,
    guard: RequestGuard,
    concurrency: Concurrency,
    heavy_reads: HeavyReads,
    limiter: Limiter,
    origins: Origins,
    draining: Draining,
}

impl Http {
    /// Fails if two routes have the same method and path, or if a setting is invalid.
    pub fn new(
        settings: &HttpSettings,
        kernel: Kernel,
        application: impl Application,
        routes: impl Fn() -> Vec<Route> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let all = routes();
        let mut seen = HashSet::new();
        if let Some(twice) = all.iter().find(|it| !seen.insert((&it.method, &it.path))) {
            let (method, path) = (&twice.method, &twice.path);
            return Err(io::Error::other(format!(
                "{method} {path} is mounted twice"
            )));
        }
        let server = &settings.server;
        let permits = Arc::new(Semaphore::new(server.max_in_flight));
        let load = Load::new(&settings.load, server.max_in_flight);
        let refused = load.refused.clone();
        let is_tls = server.public_url.as_ref();
        let is_tls = is_tls.is_some_and(|url| url.starts_with("https://"));
        let peers = (is_tls, server.trusted_proxies.clone(), server.proxy_header);
        let policies = all.iter().map(|it| (&it.method, &*it.path, &it.policy));
        let probes = all.iter().filter(|it| it.policy.is_probe);
        let long_requests = (server.max_exports, server.max_imports);
        Ok(Self {
            policies: Arc::new(AccessPolicies::new(policies)),
            catalog: Arc::new(catalog(&all)),
            relations: Arc::new(Relations::new(all.iter().filter_map(|it| it.fetch))),
            guard: RequestGuard::new(
                permits.clone(),
                load,
                peers,
                probes.map(|it| it.path.clone()),
                HttpMetrics::new(all.iter().map(|it| (&it.method, &*it.path))),
            )
            .log_client_address(settings.log_client_address),
            concurrency: Concurrency::new(
                permits,
                long_requests,
                server.export_timeout,
                refused.clone(),
            ),
            heavy_reads: HeavyReads::new(server.max_heavy_reads, refused),
            limiter: Limiter::start(&settings.rate_limit, &settings.redis)?,
            origins: Origins::new(&server.cors_origins, server.public_url.as_deref()),
            draining: Draining::default(),
            application: Arc::new(application),
            routes: Arc::new(routes),
            settings: Arc::new(settings.clone()),
            kernel,
        })
    }

    /// Builds the application of one worker.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse,
            Error = Error,
            InitError = (),
        > + use<>,
    > {
        let server = &self.settings.server;
        let limits = Limits {
            size: server.body_limit,
            bulk_size: server.bulk_limit,
            import_size: server.import_limit,
            time: server.body_timeout,
            is_bulk: false,
        };
        let public_url = PublicUrl(server.public_url.clone().unwrap_or_default());
        let routes = (self.routes)();
        let kernel = self.kernel.clone().for_worker(server.workers());
        App::new()
            .app_data(Data::new(kernel))
            .app_data(Data::from(self.application.clone()))
            .app_data(Data::new(self.guard.clone()))
            .app_data(Data::new(self.concurrency.clone()))
            .app_data(Data::new(self.heavy_reads.clone()))
            .app_data(Data::new(Declared::default()))
            .app_data(Data::new(limits))
            .app_data(Data::new(self.limiter.clone()))
            .app_data(Data::new(self.settings.api))
            .app_data(Data::new(public_url))
            .app_data(Data::new(self.origins.clone()))
            .app_data(Data::from(self.policies.clone()))
            .app_data(Data::from(self.relations.clone()))
            .app_data(Data::from(self.catalog.clone()))
            .app_data(Data::new(self.draining.clone()))
            .wrap(from_fn(guard_request))
            .wrap(cors(&self.origins, &routes))
            .wrap(from_fn(trace_request))
            .configure(|config| mount(config, routes))
            .default_service(web::to(|| async { Err::<String, _>(Problem::not_found()) }))
    }
}

/// Returns the resources among the routes.
fn catalog(routes: &[Route]) -> Catalog {
    let described = routes.iter().filter_map(|route| route.described);
    let operations = routes.iter();
    let operations = operations.map(|it| (it.operation, it.method.clone(), it.path.clone()));
    Catalog::new(described.collect(), &operations.collect())
}

/// A bound server.
pub struct Server {
    inner: ActixServer,
    pub address: SocketAddr,
    http: Http,
}

impl Server {
    /// Binds the address. Requests are answered once [`Server::run`] is called.
    pub fn bind(http: Http) -> io::Result<Self> {
        let (server, load) = (&http.settings.server, &http.settings.load);
        let (connections, write_timeout) =
            (http.guard.load.connections.clone(), load.write_timeout);
        let app = {
            let http = http.clone();
            move || http.app()
        };
        let Listening { server, address } = listen(server, connections, write_timeout, app)?;
        Ok(Self {
            inner: server,
            address,
            http,
        })
    }

    /// Serves until it is stopped.
    pub async fn run(self) -> io::Result<()> {
        self.inner.await
    }

    pub fn handle(&self) -> ServerHandle {
        self.inner.handle()
    }

    /// The limits on callers, with their current counts.
    pub fn load(&self) -> &Load {
        &self.http.guard.load
    }

    /// Adds the series of this server.
    pub fn add_metrics(&self, metrics: &mut Metrics) {
        let Http {
            guard, settings, ..
        } = &self.http;
        let occupancy = Occupancy {
            permits: guard.permits.clone(),
            max_in_flight: settings.server.max_in_flight,
            max_waiting: settings.load.waiting,
            load: guard.load.clone(),
        };
        let requests = (guard.metrics.clone(), occupancy);
        metrics::register(metrics, requests, &self.http.limiter);
    }

    /// Makes this server read-only on SIGUSR1, and ends that on SIGUSR2, also if `server.mode` says so.
    pub fn switch_mode_on_signals(&self) -> io::Result<()> {
        let database = self.http.kernel.database.clone();
        let mut signals = ModeSignals::listen()?;
        actix_web::rt::spawn(async move {
            loop {
                let is_read_only = signals.next().await;
                tracing::info!(is_read_only, "a signal switches the mode of this server");
                database.set_read_only(ReadOnly::Signalled, is_read_only);
                if !is_read_only {
                    database.set_read_only(ReadOnly::Configured, false);
                }
            }
        });
        Ok(())
    }

    /// Stops the server on SIGTERM or SIGINT: fails the readiness probe, waits until load balancers have noticed, then lets
    /// running requests finish. A second signal ends the process at once, unless it only repeats the first one.
    pub fn stop_on_signals(&self) -> io::Result<()> {
        let (handle, draining) = (self.handle(), self.http.draining.clone());
        let work = Work {
            all_begun: self.load().begun.available_permits(),
            begun: self.load().begun.clone(),
            permits: self.http.guard.permits.clone(),
            concurrency: self.http.concurrency.clone(),
            settings: self.http.settings.clone(),
            is_done: Cell::new(false),
        };
        let mut signals = StopSignals::listen()?;
        actix_web::rt::spawn(async move {
            let first = signals.first().await;
            draining.start();
            let stop = async {
                let is_done = work.drain().await;
                handle.stop(is_done).await;
            };
            let code = tokio::select! {
                code = signals.another(first) => code,
                () = stop => signals.another(first).await,
            };
            tracing::warn!("stopped at once; cut off {}", requests(work.running()));
            // Nothing else ends work that blocks a thread. What is not committed is rolled back, as after a crash.
            process::exit(code);
        });
        Ok(())
    }
}

/// The work that a stopping server waits for.
struct Work {
    /// One permit for each request that has started and not finished, and the number of all permits.
    begun: Arc<Semaphore>,
    all_begun: usize,
    /// The permits for concurrent requests. An export keeps one after its request has ended.
    permits: Arc<Semaphore>,
    concurrency: Concurrency,
    settings: Arc<HttpSettings>,
    is_done: Cell<bool>,
}

impl Work {
    /// Counts running requests, unless [`Work::drain`] is taking their permits.
    fn running(&self) -> usize {
        if self.is_done.get() {
            return 0;
        }
        let exports = self.settings.server.max_exports - self.concurrency.free_exports();
        self.all_begun - self.begun.available_permits() + exports
    }

    /// Lets load balancers notice, then refuses new requests and waits for running ones. Returns whether all have ended.
    async fn drain(&self) -> bool {
        let (delay, limit) = (
            self.settings.server.drain_delay,
            self.settings.server.drain_timeout,
        );
        if !delay.is_zero() {
            tracing::info!("stopping: /readyz fails, and requests are served for {delay:?} more");
            sleep(delay).await;
        }
        let running = requests(self.running());
        tracing::info!(
            "stopping: waiting for {running} to end, at most {limit:?}; a second Ctrl-C or SIGTERM stops at once"
        );
        let all = |permits: usize| u32::try_from(permits).unwrap_or(u32::MAX);
        // Taking every permit refuses new requests and waits for running ones, exports last.
        let ended = async {
            let begun = self.begun.acquire_many(all(self.all_begun)).await;
            let permits = all(self.settings.server.max_in_flight);
            (begun, self.permits.acquire_many(permits).await)
        };
        let Ok((Ok(begun), Ok(permits))) = timeout(limit, ended).await else {
            let running = requests(self.running());
            tracing::warn!("cut off {running}, because they did not end in time");
            return false;
        };
        // They are not given back, so that later requests are refused too.
        begun.forget();
        permits.forget();
        self.is_done.set(true);
        true
    }
}

fn requests(number: usize) -> String {
    match number {
        1 => "1 request".to_owned(),
        number => format!("{number} requests"),
    }
}

/// Response headers that scripts of other origins may read, beside the CORS-safelisted ones.
const EXPOSED_HEADERS: [&str; 12] = [
    "allow",
    "content-disposition",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "write-position",
    "www-authenticate",
    "x-request-id",
];

/// Allows the configured origins. A preflight request of another origin is refused, and its scripts can read no response.
fn cors(origins: &Origins, routes: &[Route]) -> Cors {
    let methods = routes.iter().map(|route| route.method.clone());
    let allowed = origins.clone();
    let cors = Cors::default()
        .allowed_methods(methods.chain([Method::HEAD]))
        .allowed_origin_fn(move |origin, _| {
            origin.to_str().is_ok_and(|origin| allowed.allow(origin))
        })
        .allow_any_header()
        .max_age(3600);
    if origins.are_configured() {
        // The headers are listed because those set by outer middleware are not visible here. Cookies are safe to allow:
        // the origins are named, and a page also needs a CSRF token.
        cors.expose_headers(EXPOSED_HEADERS).supports_credentials()
    } else {
        // Without configured origins no response depends on the origin.
        cors.disable_vary_header()
    }
}
