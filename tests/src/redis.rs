//! A Redis server for as long as a test lasts.
use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net,
    sync::watch,
};

use crate::{port::ReservedPort, postgres::say, process::eventually, throw_away::send};

pub struct Redis {
    pub url: String,
    port: ReservedPort,
    server: Option<Child>,
    folder: TempDir,
}

impl Redis {
    /// Returns `None` if Redis is not installed, which CI does not accept.
    pub fn start() -> Option<Self> {
        if binary().is_none() {
            assert!(
                env::var("CI").is_err(),
                "CI requires redis-server: install it"
            );
            say("NOT RUN: the tests that need Redis. Install redis-server.");
            return None;
        }
        let port = ReservedPort::bind();
        let mut redis = Self {
            url: format!("redis://127.0.0.1:{}/", port.number),
            port,
            server: None,
            folder: tempfile::tempdir().unwrap(),
        };
        redis.launch();
        Some(redis)
    }

    /// Starts the server. After [`Self::stop`] it is empty.
    pub fn launch(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let mut server = Command::new(binary().unwrap());
        server
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &self.port.number.to_string(), "--dir"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null());
        self.server = Some(server.spawn().unwrap());
    }

    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It may be frozen, and it stores nothing.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Sends a command without arguments that need quotes.
    pub fn run(&self, command: &str) {
        self.ask(command);
    }

    /// Sends such a command and returns the first line of the reply, with the letter of its type.
    pub fn ask(&self, command: &str) -> String {
        let mut server = TcpStream::connect(("127.0.0.1", self.port.number)).unwrap();
        server
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        let mut line = String::new();
        BufReader::new(server).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Waits until the server answers.
    pub async fn is_ready(&self) {
        eventually("Redis answers", async || {
            TcpStream::connect(("127.0.0.1", self.port.number)).ok()
        })
        .await;
    }

    /// Returns a URL of the same server over a network that is cut while the value is true.
    pub async fn cuttable(&self) -> (String, watch::Sender<bool>) {
        let listener = net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, is_cut) = watch::channel(false);
        let server = self.port.number;
        actix_web::rt::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let Ok(there) = net::TcpStream::connect(("127.0.0.1", server)).await else {
                    continue;
                };
                let ((here_in, here_out), (there_in, there_out)) = (split(here), split(there));
                actix_web::rt::spawn(pass(here_in, there_out, is_cut.clone()));
                actix_web::rt::spawn(pass(there_in, here_out, is_cut.clone()));
            }
        });
        (format!("redis://127.0.0.1:{port}/"), sender)
    }

    /// Stops the process of the server, which keeps its connections and answers nothing.
    pub fn freeze(&self) {
        send("STOP", self.pid());
    }

    pub fn thaw(&self) {
        send("CONT", self.pid());
    }

    fn pid(&self) -> u32 {
        self.server.as_ref().unwrap().id()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn pass(
    mut from: ReadHalf<net::TcpStream>,
    mut to: WriteHalf<net::TcpStream>,
    mut is_cut: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if is_cut.wait_for(|is_cut| !is_cut).await.is_err()
            || to.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
    let _ = to.shutdown().await;
}

fn binary() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let at = |folder: PathBuf| folder.join("redis-server");
    env::split_paths(&path)
        .map(at)
        .find(|binary| binary.exists())
}
