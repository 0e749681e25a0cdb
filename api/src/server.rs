//! The server as a value: built, bound, run, and stopped without dropping a request.
use std::{net::SocketAddr, sync::Arc};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    dev::{Server as ActixServer, ServerHandle},
    http::Method,
    middleware::{Condition, from_fn},
    web,
};
use service::Atoll;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{
    docs,
    http::{Gate, Limits, Origins, Places, Problem, PublicUrl, Relations, Rules, guard, mount},
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
}

impl Server {
    /// Listens. Nothing is answered before [`Server::run`].
    pub fn bind(settings: &HttpSettings, atoll: Atoll) -> std::io::Result<Self> {
        let HttpSettings {
            server: settings,
            api,
            rate_limit,
            redis,
        } = settings;
        let (api, limiter) = (*api, Limiter::start(rate_limit, redis)?);
        let draining = Draining::default();
        let places = Arc::new(Semaphore::new(settings.max_in_flight));
        let gate = Gate {
            places: places.clone(),
            is_by_tls: settings
                .public_url
                .as_ref()
                .is_some_and(|url| url.starts_with("https://")),
            proxies: settings.trusted_proxies.clone(),
            proxy_header: settings.proxy_header,
        };
        let long = Places::new(settings, places.clone());
        let limits = Limits {
            size: settings.body_limit,
            bulk_size: settings.bulk_limit,
            import_size: settings.import_limit,
            time: settings.body_timeout,
        };
        let public_url = PublicUrl(settings.public_url.clone().unwrap_or_default());
        let origins = settings.cors_origins.clone();
        let pages = Origins::of(&origins, settings.public_url.as_deref());
        let state = draining.clone();
        let app = move || {
            App::new()
                .app_data(web::Data::new(atoll.clone()))
                .app_data(web::Data::new(gate.clone()))
                .app_data(web::Data::new(long.clone()))
                .app_data(web::Data::new(limits))
                .app_data(web::Data::new(limiter.clone()))
                .app_data(web::Data::new(api))
                .app_data(web::Data::new(public_url.clone()))
                .app_data(web::Data::new(pages.clone()))
                .app_data(web::Data::new(Rules::of(&routes())))
                .app_data(web::Data::new(Relations::of(&routes())))
                .app_data(web::Data::new(state.clone()))
                .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
                .wrap(from_fn(guard))
                .configure(|config| mount(config, routes()))
                .configure(|config| mount(config, system::routes()))
                .configure(|config| mount(config, docs::routes()))
                .configure(|config| mount(config, pages::routes()))
                .default_service(web::to(|| async { Err::<String, _>(Problem::not_found()) }))
        };
        let mut server = HttpServer::new(app)
            .client_request_timeout(settings.head_timeout)
            .keep_alive(settings.keep_alive)
            .shutdown_timeout(settings.drain_timeout.as_secs())
            .disable_signals();
        if settings.workers > 0 {
            server = server.workers(settings.workers);
        }
        let server = server.bind((settings.host, settings.port))?;
        let address = server
            .addrs()
            .first()
            .copied()
            .unwrap_or_else(|| (settings.host, settings.port).into());
        Ok(Self {
            inner: server.run(),
            address,
            draining,
            places,
        })
    }

    /// Serves until it is told to stop.
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
    atoll: Atoll,
    on_ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let server = Server::bind(settings, atoll)?;
    let stop = stop_on_signal(&server, &settings.server)?;
    on_ready(server.address);
    actix_web::rt::spawn(stop);
    Ok(server.run().await?)
}

/// Says first that no more requests are welcome, gives the balancer time to see it, then lets what is under way finish.
fn stop_on_signal(
    server: &Server,
    settings: &ServerSettings,
) -> std::io::Result<impl Future<Output = ()> + use<>> {
    let (handle, draining) = (server.handle(), server.draining.clone());
    let (places, settings) = (server.places.clone(), settings.clone());
    let all = u32::try_from(settings.max_in_flight).unwrap_or(u32::MAX);
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
        // Taking every place refuses what comes now, and waits for what is under way.
        let finished = timeout(settings.drain_timeout, places.acquire_many(all)).await;
        handle.stop(finished.is_ok()).await;
    })
}

/// What scripts of other origins may read of an answer, beside what all may.
const EXPOSED: [&str; 11] = [
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

/// Only for the origins that are configured; without any, browsers of other sites are kept out.
fn cors(origins: &[String]) -> Cors {
    let methods = [
        Method::GET,
        Method::POST,
        Method::PATCH,
        Method::PUT,
        Method::DELETE,
    ];
    let cors = Cors::default()
        .allowed_methods(methods)
        .allow_any_header()
        // By name: what is put on answers behind this is not seen here.
        .expose_headers(EXPOSED)
        // Cookies too: the origins are named, and a page needs a token of ours besides.
        .supports_credentials()
        .max_age(3600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
