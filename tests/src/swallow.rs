//! A proxy to PostgreSQL whose connections can die silently, as after a failover or an expired entry of a firewall.
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A proxy whose dead connections accept all bytes and answer nothing.
#[derive(Debug, Clone, Default)]
pub struct Swallow(Arc<State>);

#[derive(Debug, Default)]
struct State {
    open: Mutex<Vec<Way>>,
    swallows_new: AtomicBool,
}

#[derive(Debug, Clone)]
struct Way {
    is_dead: Arc<AtomicBool>,
    /// The client port that the server sees.
    port: u16,
}

impl Swallow {
    /// Starts the proxy, and returns a URL of the same database through it.
    pub async fn start(url: &str) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let start = url.find('@').unwrap() + 1;
        let end = start + url[start..].find('/').unwrap();
        let database = url[start..end].to_owned();
        let swallow = Self::default();
        let state = swallow.0.clone();
        actix_web::rt::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                // A stopped database refuses connections.
                if let Ok(there) = TcpStream::connect(&database).await {
                    let way = Way {
                        is_dead: Arc::new(AtomicBool::new(state.swallows_new.load(SeqCst))),
                        port: there.local_addr().unwrap().port(),
                    };
                    state.open.lock().unwrap().push(way.clone());
                    here.set_nodelay(true).unwrap();
                    there.set_nodelay(true).unwrap();
                    let ((here_in, here_out), (there_in, there_out)) =
                        (here.into_split(), there.into_split());
                    actix_web::rt::spawn(pass(here_in, there_out, way.is_dead.clone()));
                    actix_web::rt::spawn(pass(there_in, here_out, way.is_dead));
                }
            }
        });
        let through = format!("{}127.0.0.1:{port}{}", &url[..start], &url[end..]);
        (swallow, through)
    }

    /// Kills every open connection.
    pub fn kill_open(&self) {
        self.kill(|_| true);
    }

    /// Kills the open connections that `is_chosen` chooses by the client port that the server sees. Returns their number.
    pub fn kill(&self, is_chosen: impl Fn(u16) -> bool) -> usize {
        let ways = self.0.open.lock().unwrap();
        let chosen = ways.iter().filter(|way| is_chosen(way.port));
        chosen.map(|way| way.is_dead.store(true, SeqCst)).count()
    }

    /// Kills every open and every future connection.
    pub fn kill_all(&self) {
        self.0.swallows_new.store(true, SeqCst);
        self.kill_open();
    }

    /// New connections work again; dead ones stay dead.
    pub fn let_new_through(&self) {
        self.0.swallows_new.store(false, SeqCst);
    }
}

/// Forwards bytes until the connection dies, and then only reads them.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_dead: Arc<AtomicBool>) {
    let mut buffer = vec![0; 65_536];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or_default();
        if is_dead.load(SeqCst) {
            if count == 0 {
                // The other side does not notice, because the half that leads there stays open.
                std::future::pending::<()>().await;
            }
        } else if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
