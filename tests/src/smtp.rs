//! A mail server that accepts every letter (RFC 5321) and keeps it.
use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Semaphore,
};

use crate::{mail::Letter, port::ReservedPort};

#[derive(Clone)]
pub struct Smtp {
    /// The letters that were accepted.
    taken: Arc<Mutex<Vec<Letter>>>,
    /// The letters that arrived, answered or not.
    arrived: Arc<Mutex<Vec<Letter>>>,
    /// A letter is answered once it has a permit.
    answers: Arc<Semaphore>,
}

impl Smtp {
    /// Starts a server on this port, which runs until the test ends.
    pub fn listen(port: ReservedPort) -> Self {
        Self::start(port, Semaphore::MAX_PERMITS)
    }

    /// Starts a server that answers no letter before [`Smtp::answer`].
    pub fn holding(port: ReservedPort) -> Self {
        Self::start(port, 0)
    }

    fn start(port: ReservedPort, answers: usize) -> Self {
        let listener = port.listen();
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
