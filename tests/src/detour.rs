//! A proxy that delays a connection to a database like a network, so that clients can act in the middle of a round trip.
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// The least delay of each message to the database.
const DELAY: Duration = Duration::from_millis(1);

/// Returns a URL of the same database through this process.
pub async fn detour(url: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let start = url
        .find('@')
        .map_or_else(|| url.find("://").unwrap() + 3, |at| at + 1);
    let end = url[start..]
        .find('/')
        .map_or(url.len(), |length| start + length);
    let database = url[start..end].to_owned();
    actix_web::rt::spawn(async move {
        while let Ok((here, _)) = listener.accept().await {
            let there = TcpStream::connect(&database).await.unwrap();
            here.set_nodelay(true).unwrap();
            there.set_nodelay(true).unwrap();
            let ((here_in, here_out), (there_in, there_out)) =
                (here.into_split(), there.into_split());
            actix_web::rt::spawn(pass(here_in, there_out, DELAY));
            actix_web::rt::spawn(pass(there_in, here_out, Duration::ZERO));
        }
    });
    format!("{}127.0.0.1:{port}{}", &url[..start], &url[end..])
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
