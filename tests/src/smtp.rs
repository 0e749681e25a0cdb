//! A mail server that takes what it gets (RFC 5321), and keeps it.
use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::mail::Letter;

#[derive(Clone)]
pub struct Smtp {
    taken: Arc<Mutex<Vec<Letter>>>,
    /// The letters that arrived, answered or not.
    arrived: Arc<Mutex<Vec<Letter>>>,
    /// A letter is answered once it has a permit.
    answers: Arc<Semaphore>,
}

impl Smtp {
    /// On a port of this machine, until the test ends.
    pub async fn listen(port: u16) -> Self {
        Self::start(port, Semaphore::MAX_PERMITS).await
    }

    /// A server that answers no letter before [`Smtp::answer`].
    pub async fn holding(port: u16) -> Self {
        Self::start(port, 0).await
    }

    async fn start(port: u16, answers: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let server = Self {
            taken: Arc::default(),
            arrived: Arc::default(),
            answers: Arc::new(Semaphore::new(answers)),
        };
        let all = server.clone();
        actix_web::rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                actix_web::rt::spawn(serve(client, all.clone()));
            }
        });
        server
    }

    pub fn taken(&self) -> Vec<Letter> {
        self.taken.lock().unwrap().clone()
    }

    /// The letters that arrived, in that order, whether they were answered or not.
    pub fn arrived(&self) -> Vec<Letter> {
        self.arrived.lock().unwrap().clone()
    }

    /// Lets one more letter be answered.
    pub fn answer(&self) {
        self.answers.add_permits(1);
    }
}

/// A port of this machine that nobody listens on.
pub async fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    listener.local_addr().unwrap().port()
}

async fn serve(client: TcpStream, server: Smtp) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    client.write_all(b"220 here\r\n").await?;
    let mut letter: Option<String> = None;
    let mut line = String::new();
    while client.read_line(&mut line).await? > 0 {
        let text = std::mem::take(&mut line);
        let answer = match (&mut letter, text.trim_end()) {
            (Some(_), ".") => {
                let whole = Letter::read(&letter.take().unwrap_or_default());
                server.arrived.lock().unwrap().push(whole.clone());
                server.answers.acquire().await.unwrap().forget();
                server.taken.lock().unwrap().push(whole);
                "250 taken"
            }
            (Some(letter), _) => {
                letter.push_str(&text);
                continue;
            }
            (None, "DATA") => {
                letter = Some(String::new());
                "354 go on"
            }
            (None, "QUIT") => "221 bye",
            (None, _) => "250 fine",
        };
        client.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
