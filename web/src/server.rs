//! The server as a value: built, bound, run, and stopped without dropping a request.
use std::{collections::HashSet, io, net::SocketAddr, sync::Arc};

use actix_cors::Cors;
use actix_web::{
    App, Error,
    dev::{Server as ActixServer, ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::from_fn,
    web::{self, Data},
};
use kernel::Kernel;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{
    access::AccessPolicies,
    application::Application,
    call::{Limits, Origins, PublicUrl},
    draining::Draining,
    listener::{Listening, listen},
    load::{Concurrency, HeavyReads, Load},
    middleware::{RequestGuard, guard_request, trace_request},
    problem::Problem,
    rate::Limiter,
    resource::Relations,
    route::{Route, mount},
    settings::HttpSettings,
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
        let is_tls = server.public_url.as_ref();
        let is_tls = is_tls.is_some_and(|url| url.starts_with("https://"));
        let peers = (is_tls, server.trusted_proxies.clone(), server.proxy_header);
        let policies = all.iter().map(|it| (&it.method, &*it.path, &it.policy));
        let probes = all.iter().filter(|it| it.policy.is_probe);
        let long_requests = (server.max_exports, server.max_imports);
        Ok(Self {
            policies: Arc::new(AccessPolicies::new(policies)),
            relations: Arc::new(Relations::new(all.iter().filter_map(|it| it.fetch))),
            guard: RequestGuard::new(
                permits.clone(),
                load,
                peers,
                probes.map(|it| it.path.clone()),
            ),
            concurrency: Concurrency::new(permits, long_requests, server.export_timeout),
            heavy_reads: HeavyReads::new(server.max_heavy_reads),
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
        App::new()
            .app_data(Data::new(self.kernel.clone()))
            .app_data(Data::from(self.application.clone()))
            .app_data(Data::new(self.guard.clone()))
            .app_data(Data::new(self.concurrency.clone()))
            .app_data(Data::new(self.heavy_reads.clone()))
            .app_data(Data::new(limits))
            .app_data(Data::new(self.limiter.clone()))
            .app_data(Data::new(self.settings.api))
            .app_data(Data::new(public_url))
            .app_data(Data::new(self.origins.clone()))
            .app_data(Data::from(self.policies.clone()))
            .app_data(Data::from(self.relations.clone()))
            .app_data(Data::new(self.draining.clone()))
            .wrap(from_fn(guard_request))
            .wrap(cors(&self.origins, &routes))
            .wrap(from_fn(trace_request))
            .configure(|config| mount(config, routes))
            .default_service(web::to(|| async { Err::<String, _>(Problem::not_found()) }))
    }
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

    /// Stops the server on SIGTERM or SIGINT: fails the readiness probe, waits until load balancers have noticed, then lets
    /// running requests finish.
    pub fn stop_on_signals(&self) -> io::Result<()> {
        let (handle, draining) = (self.handle(), self.http.draining.clone());
        let (permits, settings) = (self.http.guard.permits.clone(), self.http.settings.clone());
        let begun = self.load().begun.clone();
        let all = |permits: usize| u32::try_from(permits).unwrap_or(u32::MAX);
        let all_begun = all(begun.available_permits());
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        actix_web::rt::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            let settings = &settings.server;
            tracing::info!("stopping");
            draining.start();
            sleep(settings.drain_delay).await;
            // Taking every permit refuses new requests and waits for running ones, exports last.
            let work = async {
                let begun = begun.acquire_many(all_begun).await;
                (
                    begun,
                    permits.acquire_many(all(settings.max_in_flight)).await,
                )
            };
            let finished = timeout(settings.drain_timeout, work).await;
            handle.stop(finished.is_ok()).await;
        });
        Ok(())
    }
}

/// Response headers that scripts of other origins may read, beside the CORS-safelisted ones.
const EXPOSED_HEADERS: [&str; 11] = [
    "allow",
    "content-disposition",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
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
