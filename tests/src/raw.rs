//! Requests as bytes, which no client library would send.
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// An answer on a connection.
#[derive(Debug)]
pub struct RawReply {
    pub status: u16,
    /// The status line and the headers as received.
    pub head: String,
    pub text: String,
}

impl RawReply {
    /// Returns the JSON body, or null if it is not JSON.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// Sends these bytes and reads one answer with the length of its `Content-Length`.
pub async fn send(address: SocketAddr, bytes: Vec<u8>) -> RawReply {
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream.write_all(&bytes).unwrap();
        read(&mut stream)
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

fn read(stream: &mut TcpStream) -> RawReply {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(reply) = parse(&answer) {
            return reply;
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(
            count > 0,
            "the server hung up after {:?}",
            String::from_utf8_lossy(&answer)
        );
        answer.extend_from_slice(&buffer[..count]);
    }
}

/// Returns the answer if it is complete.
fn parse(answer: &[u8]) -> Option<RawReply> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    (body.len() >= length.unwrap_or_default()).then(|| RawReply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        text: body.to_owned(),
    })
}
