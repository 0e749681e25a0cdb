//! The connection of a client, to notice that it hangs up while its request is worked on.
use std::{
    io::ErrorKind,
    net::TcpStream,
    os::fd::AsFd,
    sync::{Arc, Weak},
    time::Duration,
};

use actix_web::dev::{Extensions, ServiceRequest};
use tokio::time::sleep;

/// How often a connection is looked at.
const PERIOD: Duration = Duration::from_millis(200);

/// A second handle of a connection, which only looks at it.
struct Connection(Arc<TcpStream>);

/// The client of a request.
#[derive(Debug)]
pub struct Peer(Weak<TcpStream>);

impl Peer {
    pub fn of(request: &ServiceRequest) -> Option<Self> {
        let Connection(stream) = request.conn_data()?;
        Some(Self(Arc::downgrade(stream)))
    }

    fn is_there(&self) -> bool {
        let Some(stream) = self.0.upgrade() else {
            return false;
        };
        match stream.peek(&mut [0]) {
            Ok(count) => count > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Remembers a new connection for as long as it is open.
pub(super) fn remember(connection: &impl AsFd, data: &mut Extensions) {
    if let Ok(copy) = connection.as_fd().try_clone_to_owned() {
        data.insert(Connection(Arc::new(copy.into())));
    }
}

/// Ends when the client has closed its side of the connection. Without one to look at it never ends.
pub async fn hung_up(peer: Option<&Peer>) {
    let Some(peer) = peer else {
        return std::future::pending().await;
    };
    loop {
        // Most requests are answered before that.
        sleep(PERIOD).await;
        if !peer.is_there() {
            return;
        }
    }
}
