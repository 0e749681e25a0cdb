//! Accepts connections: a limited number for each address, each of which is closed if its client stops reading.
mod stream;

use std::{io, net::SocketAddr, time::Duration};

use actix_http::{HttpService, Protocol, Request};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, map_config,
};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{AppConfig, ServiceResponse},
};
use stream::Connection;
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    load::{Counts, remember_connection},
    proxies::Proxies,
    rate::CallerKey,
    settings::ServerSettings,
};

/// The number of connections that the operating system queues until a worker accepts them.
const BACKLOG: u32 = 1024;

/// How long a connection may take to close after its last response is written.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The bytes of a response that the operating system buffers for a client that does not read them yet. Without this limit
/// it buffers megabytes for each connection.
#[cfg(target_os = "linux")]
const UNSENT_LIMIT: u32 = 128 * 1024;

/// A bound server, which runs when it is awaited.
pub struct Listening {
    pub server: Server,
    pub address: SocketAddr,
}

/// Limits on new connections.
#[derive(Clone)]
struct ConnectionLimits {
    connections: Counts<CallerKey>,
    /// A trusted proxy may open any number of connections: its requests are counted by client.
    proxies: Proxies,
    write_timeout: Duration,
}

impl ConnectionLimits {
    /// Returns `None` if the address has too many connections already.
    fn accept(&self, stream: TcpStream) -> Option<(Connection, Option<SocketAddr>)> {
        let peer = stream.peer_addr().ok();
        let counted = match peer.map(|peer| peer.ip().to_canonical()) {
            Some(address) if !self.proxies.trust(address) => {
                let counted = self.connections.take(CallerKey::for_address(address));
                if counted.is_none() {
                    tracing::debug!(%address, "connection refused: too many from this address");
                    return None;
                }
                counted
            }
            _ => None,
        };
        Some((Connection::new(stream, self.write_timeout, counted), peer))
    }
}

/// Serves like actix-web's `HttpServer`, but only the connections that `ConnectionLimits` accepts.
pub fn listen<F, I, S, B>(
    settings: &ServerSettings,
    connections: Counts<CallerKey>,
    write_timeout: Duration,
    app: F,
) -> io::Result<Listening>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>
        + 'static,
    S::InitError: std::fmt::Debug,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let limits = ConnectionLimits {
        connections,
        proxies: settings.trusted_proxies.clone(),
        write_timeout,
    };
    let address = SocketAddr::from((settings.host, settings.port));
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    // Accepted connections inherit this option.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_notsent_lowat(UNSENT_LIMIT)?;
    let address = listener.local_addr()?;

    let builder = ServerBuilder::new()
        .workers(settings.workers())
        .shutdown_timeout(settings.drain_timeout.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let (head_timeout, keep_alive) = (settings.head_timeout, settings.keep_alive);
    let service = move || {
        let (stopping, limits) = (stopping.clone(), limits.clone());
        let app = app()
            .into_factory()
            .map_err(|error: Error| error.error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(head_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .local_addr(address)
            .on_connect_ext(|connection: &Connection, data| remember_connection(connection, data))
            .finish(map_config(app, |()| AppConfig::default()));
        apply_fn_factory(http, move |stream: TcpStream, http| {
            let accepted = limits.accept(stream);
            let served =
                accepted.map(|(connection, peer)| http.call((connection, Protocol::Http1, peer)));
            async move {
                match served {
                    Some(served) => served.await,
                    None => Ok(()),
                }
            }
        })
    };
    let server = builder.listen("http", listener, service)?.run();
    Ok(Listening { server, address })
}
