//! The server as a value: built, bound, run, and stopped without dropping a request.
use std::{net::SocketAddr, sync::Arc};

use actix_cors::Cors;
use actix_web::{
    App,
    dev::{Server as ActixServer, ServerHandle},
    http::Method,
    middleware::from_fn,
    web,
};
use service::Kernel;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{
    docs,
    http::{
        AccessPolicies, Concurrency, HeavyReads, Limits, Origins, Problem, PublicUrl, Relations,
        RequestGuard, Route, guard_request, mount, trace_request,
    },
    listener::{Listening, listen},
    load::Load,
    pages,
    rate::Limiter,
    routes::routes,
    settings::{HttpSettings, ServerSettings},
    system::{self, Draining},
};

pub struct Server {
    inner: ActixServer,
    pub address: SocketAddr,
    draining: Draining,
    places: Arc<Semaphore>,
    /// The limits on callers, with their current counts.
    pub load: Load,
}

impl Server {
    /// Binds the address. Requests are answered once [`Server::run`] is called.
    pub fn bind(settings: &HttpSettings, kernel: Kernel) -> std::io::Result<Self> {
        Self::with_routes(settings, kernel, routes)
    }

    /// Binds a server with these routes instead of the product's.
    pub fn with_routes(
        settings: &HttpSettings,
        kernel: Kernel,
        routes: fn() -> Vec<Route>,
    ) -> std::io::Result<Self> {
        let HttpSettings {
            server: settings,
            api,
            rate_limit,
            load: load_settings,
            redis,
        } = settings;
        let (api, limiter) = (*api, Limiter::start(rate_limit, redis)?);
        let draining = Draining::default();
        let places = Arc::new(Semaphore::new(settings.max_in_flight));
        let load = Load::new(load_settings, settings.max_in_flight);
        let uses_tls = settings.public_url.as_ref();
        let uses_tls = uses_tls.is_some_and(|url| url.starts_with("https://"));
        let peers = (
            uses_tls,
            settings.trusted_proxies.clone(),
            settings.proxy_header,
        );
        let gate = RequestGuard::new(places.clone(), load.clone(), peers);
        let long = Concurrency::new(settings, places.clone());
        let heavy = HeavyReads::new(settings.max_heavy_reads);
        let limits = Limits {
            size: settings.body_limit,
            bulk_size: settings.bulk_limit,
            import_size: settings.import_limit,
            time: settings.body_timeout,
            is_bulk: false,
        };
        let public_url = PublicUrl(settings.public_url.clone().unwrap_or_default());
        let origins = Origins::new(&settings.cors_origins, settings.public_url.as_deref());
        let state = draining.clone();
        let app = move || {
            App::new()
                .app_data(web::Data::new(kernel.clone()))
                .app_data(web::Data::new(gate.clone()))
                .app_data(web::Data::new(long.clone()))
                .app_data(web::Data::new(heavy.clone()))
                .app_data(web::Data::new(limits))
                .app_data(web::Data::new(limiter.clone()))
                .app_data(web::Data::new(api))
                .app_data(web::Data::new(public_url.clone()))
                .app_data(web::Data::new(origins.clone()))
                .app_data(web::Data::new(AccessPolicies::new(&routes())))
                .app_data(web::Data::new(Relations::new(&routes())))
                .app_data(web::Data::new(state.clone()))
                .wrap(from_fn(guard_request))
                .wrap(cors(&origins, &routes()))
                .wrap(from_fn(trace_request))
                .configure(|config| mount(config, routes()))
                .configure(|config| mount(config, system::routes()))
                .configure(|config| mount(config, docs::routes()))
                .configure(|config| mount(config, pages::routes()))
                .default_service(web::to(|| async { Err::<String, _>(Problem::not_found()) }))
        };
        let (connections, write_timeout) = (load.connections.clone(), load_settings.write_timeout);
        let Listening { server, address } = listen(settings, connections, write_timeout, app)?;
        Ok(Self {
            inner: server,
            address,
            draining,
            places,
            load,
        })
    }

    /// Serves until it is stopped.
    pub async fn run(self) -> std::io::Result<()> {
        self.inner.await
    }

    pub fn handle(&self) -> ServerHandle {
        self.inner.handle()
    }
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(
    settings: &HttpSettings,
    kernel: Kernel,
    on_ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let server = Server::bind(settings, kernel)?;
    let stop = stop_on_signal(&server, &settings.server)?;
    on_ready(server.address);
    actix_web::rt::spawn(stop);
    Ok(server.run().await?)
}

/// On a signal, fails `/readyz`, waits until load balancers have noticed, then lets running requests finish.
fn stop_on_signal(
    server: &Server,
    settings: &ServerSettings,
) -> std::io::Result<impl Future<Output = ()> + use<>> {
    let (handle, draining) = (server.handle(), server.draining.clone());
    let (places, settings) = (server.places.clone(), settings.clone());
    let begun = server.load.begun.clone();
    let all = |permits: usize| u32::try_from(permits).unwrap_or(u32::MAX);
    let (all_begun, all) = (all(begun.available_permits()), all(settings.max_in_flight));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        draining.start();
        sleep(settings.drain_delay).await;
        // Taking every permit refuses new requests and waits for running ones, exports last.
        let work = async {
            let begun = begun.acquire_many(all_begun).await;
            (begun, places.acquire_many(all).await)
        };
        let finished = timeout(settings.drain_timeout, work).await;
        handle.stop(finished.is_ok()).await;
    })
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
