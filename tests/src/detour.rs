//! A proxy that delays a connection to a database like a network, so that clients can act in the middle of a round trip.
use std::{pin::Pin, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// The least delay of each message to the database.
const DELAY: Duration = Duration::from_millis(1);

/// Returns a URL of the same database through this process.
pub async fn detour(url: &str) -> String {
    through(url, |from, to| Box::pin(pass(from, to, Duration::ZERO))).await
}

/// Does the same for PostgreSQL and passes no notification on, like a pooler that shares connections between transactions.
pub async fn without_notifications(url: &str) -> String {
    let url = through(url, |from, to| Box::pin(pass_messages(from, to))).await;
    format!("{url}?sslmode=disable")
}

type Pass = fn(OwnedReadHalf, OwnedWriteHalf) -> Pin<Box<dyn Future<Output = ()>>>;

async fn through(url: &str, pass_answers: Pass) -> String {
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
            actix_web::rt::spawn(pass_answers(there_in, here_out));
        }
    });
    format!("{}127.0.0.1:{port}{}", &url[..start], &url[end..])
}

/// Passes messages of a PostgreSQL server on, except notifications (type `A`).
async fn pass_messages(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    while let (Ok(kind), Ok(length)) = (from.read_u8().await, from.read_u32().await) {
        let mut message = [&[kind], &length.to_be_bytes()[..]].concat();
        message.resize(1 + length as usize, 0);
        if from.read_exact(&mut message[5..]).await.is_err() {
            return;
        }
        if kind != b'A' && to.write_all(&message).await.is_err() {
            return;
        }
    }
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
