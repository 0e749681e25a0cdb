//! A Redis server for as long as a test lasts.
use std::{
    env, fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{port::ReservedPort, postgres::say, throw_away::send};

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

fn binary() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let at = |folder: PathBuf| folder.join("redis-server");
    env::split_paths(&path)
        .map(at)
        .find(|binary| binary.exists())
}
