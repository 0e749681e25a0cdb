//! Clients that send half a request, or do not read an answer.
use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::process::within_limit;

/// A connection that sends and reads only what a test says.
pub struct Stuck(TcpStream);

impl Stuck {
    /// Connects with a small receive buffer, and sends this text.
    pub async fn send(address: SocketAddr, text: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// Sends a GET request. An empty token means an anonymous caller.
    pub async fn get(address: SocketAddr, path: &str, token: &str) -> Self {
        Self::send(address, &head("GET", path, token, "")).await
    }

    /// Sends the head of a POST request with a JSON body of this length, but not the body.
    pub async fn post(address: SocketAddr, path: &str, token: &str, length: usize) -> Self {
        let more = format!("content-type: application/json\r\ncontent-length: {length}\r\n");
        Self::send(address, &head("POST", path, token, &more)).await
    }

    pub async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Waits for the answer and returns its status.
    pub async fn status(&mut self) -> u16 {
        let mut line = [0; 12];
        let read = self.0.read_exact(&mut line);
        within_limit("a status arrives", read).await.unwrap();
        String::from_utf8_lossy(&line[9..]).parse().unwrap()
    }

    /// Waits for the first byte of an answer, or for the end of the connection.
    pub async fn answer(&mut self) {
        let _ = within_limit("an answer arrives", self.0.read_u8()).await;
    }

    /// Reads until the connection ends. Returns what arrived, and whether a reset ended it.
    pub async fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut all = Vec::new();
        let read = self.0.read_to_end(&mut all);
        let end = within_limit("the connection ends", read).await;
        (all, end.is_err())
    }

    /// Resets the connection, as a client that crashes does.
    pub fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}

fn head(method: &str, path: &str, token: &str, more: &str) -> String {
    let signed = if token.is_empty() {
        String::new()
    } else {
        format!("authorization: Bearer {token}\r\n")
    };
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{signed}{more}\r\n")
}
