//! TCP ports of this machine for servers that a test starts later, stops, or never starts.
use tokio::net::{TcpListener, TcpSocket};

/// A port that is bound and not listened on: it refuses connections, and the system gives it to no other program. A server
/// that sets `SO_REUSEADDR`, as this does, may listen on it as often as it likes (socket(7)).
pub struct ReservedPort {
    socket: TcpSocket,
    pub number: u16,
}

impl ReservedPort {
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let number = socket.local_addr().unwrap().port();
        Self { socket, number }
    }

    /// Begins to accept connections.
    pub fn listen(self) -> TcpListener {
        self.socket.listen(64).unwrap()
    }
}
