//! Accepts connections: a bounded number for each address, each of which is cut when its client takes nothing.
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
use tokio::net::{TcpSocket, TcpStream};

use super::{Counts, peer::remember, stream::Connection};
use crate::{proxies::Proxies, rate::Who, settings::ServerSettings};

/// Connections that the system has accepted and no worker has.
const BACKLOG: u32 = 1024;

/// How long a connection may take to end once its last answer is written.
const GOODBYE: Duration = Duration::from_secs(1);

/// Bytes of an answer that the system takes from us for a client that has not room for them yet. Without this limit it takes
/// megabytes for each connection.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 * 1024;

/// A server that runs when it is awaited.
pub struct Listening {
    pub server: Server,
    pub address: SocketAddr,
}

/// The rules for new connections.
#[derive(Clone)]
struct Door {
    connections: Counts<Who>,
    /// A trusted proxy may open any number: its requests are counted by client.
    proxies: Proxies,
    write_timeout: Duration,
}

impl Door {
    /// None where the address has too many connections already.
    fn open(&self, stream: TcpStream) -> Option<(Connection, Option<SocketAddr>)> {
        let peer = stream.peer_addr().ok();
        let counted = match peer.map(|peer| peer.ip().to_canonical()) {
            Some(address) if !self.proxies.trust(address) => {
                let counted = self.connections.take(Who::at(address));
                if counted.is_none() {
                    tracing::debug!(%address, "a connection was refused: its address has too many");
                    return None;
                }
                counted
            }
            _ => None,
        };
        Some((Connection::new(stream, self.write_timeout, counted), peer))
    }
}

/// Serves as actix-web's `HttpServer` does, but only the connections that `Door` lets in.
pub fn listen<F, I, S, B>(
    settings: &ServerSettings,
    connections: Counts<Who>,
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
    let door = Door {
        connections,
        proxies: settings.trusted_proxies.clone(),
        write_timeout,
    };
    let address = SocketAddr::from((settings.host, settings.port));
    let socket = match address.is_ipv4() {
        true => TcpSocket::new_v4()?,
        false => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    // Connections inherit it.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_notsent_lowat(UNSENT)?;
    let address = listener.local_addr()?;

    let builder = ServerBuilder::new()
        .shutdown_timeout(settings.drain_timeout.as_secs())
        .disable_signals();
    let builder = match settings.workers {
        0 => builder,
        workers => builder.workers(workers),
    };
    let stopping = builder.graceful_shutdown_signal();
    let (head_timeout, keep_alive) = (settings.head_timeout, settings.keep_alive);
    let service = move || {
        let (stopping, door) = (stopping.clone(), door.clone());
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
            .client_disconnect_timeout(GOODBYE)
            .local_addr(address)
            .on_connect_ext(|connection: &Connection, data| remember(connection, data))
            .finish(map_config(app, |()| AppConfig::default()));
        apply_fn_factory(http, move |stream: TcpStream, http| {
            let open = door.open(stream);
            let served =
                open.map(|(connection, peer)| http.call((connection, Protocol::Http1, peer)));
            async move {
                match served {
                    Some(served) => served.await,
                    None => Ok(()),
                }
            }
        })
    };
    let server = builder.listen("atoll", listener, service)?.run();
    Ok(Listening { server, address })
}
