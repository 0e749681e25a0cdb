//! Clients that send half a request, or take nothing of an answer.
use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A connection that does only what it is told.
pub struct Stuck(TcpStream);

impl Stuck {
    /// Connects, with little room for answers, and sends this.
    pub async fn send(address: SocketAddr, text: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// A GET of this path, as this user or nobody.
    pub async fn get(address: SocketAddr, path: &str, token: &str) -> Self {
        Self::send(address, &head("GET", path, token, "")).await
    }

    /// The head of a POST of JSON whose body, of this length, does not come.
    pub async fn post(address: SocketAddr, path: &str, token: &str, length: usize) -> Self {
        let more = format!("content-type: application/json\r\ncontent-length: {length}\r\n");
        Self::send(address, &head("POST", path, token, &more)).await
    }

    pub async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The status of the answer, as soon as it has come.
    pub async fn status(&mut self) -> u16 {
        let mut line = [0; 12];
        self.0.read_exact(&mut line).await.unwrap();
        String::from_utf8_lossy(&line[9..]).parse().unwrap()
    }

    /// Waits for the first byte of an answer, or for the end of the connection.
    pub async fn answer(&mut self) {
        let _ = self.0.read_u8().await;
    }

    /// Everything that comes until the connection ends, and whether that was by a reset.
    pub async fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut all = Vec::new();
        let end = self.0.read_to_end(&mut all).await;
        (all, end.is_err())
    }

    /// Ends the connection by a reset, as a client does that has crashed.
    pub fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}

fn head(method: &str, path: &str, token: &str, more: &str) -> String {
    let signed = match token.is_empty() {
        true => String::new(),
        false => format!("authorization: Bearer {token}\r\n"),
    };
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{signed}{more}\r\n")
}
