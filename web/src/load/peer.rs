//! Detects that a client closes its connection while its request is running.
use std::{
    io::ErrorKind,
    net::TcpStream,
    os::fd::AsFd,
    sync::{Arc, Weak},
    time::Duration,
};

use actix_web::dev::{Extensions, ServiceRequest};
use tokio::time::sleep;

/// How often a connection is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// A second handle of a connection, used only to check whether it is open.
struct Connection(Arc<TcpStream>);

/// The client of a request.
#[derive(Debug)]
pub struct Peer(Weak<TcpStream>);

impl Peer {
    pub fn from_request(request: &ServiceRequest) -> Option<Self> {
        let Connection(stream) = request.conn_data()?;
        Some(Self(Arc::downgrade(stream)))
    }

    fn is_connected(&self) -> bool {
        let Some(stream) = self.0.upgrade() else {
            return false;
        };
        match stream.peek(&mut [0]) {
            Ok(count) => count > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Stores a handle of a new connection in its data, for [`Peer::from_request`].
pub fn remember_connection(connection: &impl AsFd, data: &mut Extensions) {
    if let Ok(copy) = connection.as_fd().try_clone_to_owned() {
        data.insert(Connection(Arc::new(copy.into())));
    }
}

/// Resolves when the client has closed its side of the connection; never resolves without a peer.
pub async fn hung_up(peer: Option<&Peer>) {
    let Some(peer) = peer else {
        return std::future::pending().await;
    };
    loop {
        // Most requests are answered before the first check.
        sleep(CHECK_INTERVAL).await;
        if !peer.is_connected() {
            return;
        }
    }
}
