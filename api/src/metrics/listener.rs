//! The listener of `/metrics`. It has an address of its own, so that the outside does not reach it by mistake, and a thread of
//! its own, so that it answers while the server is busy.
use std::{io, net::SocketAddr, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::{Server, ServerHandle},
    http::header::{CONTENT_TYPE, HeaderValue},
    web::{self, Data},
};

use super::Metrics;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The concurrent connections; monitoring systems need one each.
const MAX_CONNECTIONS: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(5);

/// A bound listener.
pub struct Listener {
    pub address: SocketAddr,
    server: Server,
}

impl Listener {
    /// Binds the address. Scrapes are answered once [`Listener::start`] is called.
    pub fn bind(address: SocketAddr, metrics: Metrics) -> io::Result<Self> {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(metrics.clone()))
                .route("/metrics", web::get().to(show))
        })
        .workers(1)
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(TIMEOUT)
        .shutdown_timeout(1)
        .disable_signals()
        .bind(address)?;
        let bound = server.addrs().first().copied();
        Ok(Self {
            address: bound.unwrap_or(address),
            server: server.run(),
        })
    }

    /// Serves in the background until the handle stops it.
    pub fn start(self) -> ServerHandle {
        let handle = self.server.handle();
        actix_web::rt::spawn(self.server);
        handle
    }
}

async fn show(metrics: Data<Metrics>) -> HttpResponse {
    match metrics.render().await {
        Ok(text) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, TEXT))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
