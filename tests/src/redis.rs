//! A Redis server for as long as a test lasts.
use std::{
    env, fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    postgres::say,
    throw_away::{free_port, send},
};

pub struct Redis {
    pub url: String,
    port: u16,
    server: Option<Child>,
    folder: TempDir,
}

impl Redis {
    /// None where it is not installed, which CI does not accept.
    pub fn start() -> Option<Self> {
        if binary().is_none() {
            assert!(env::var("CI").is_err(), "CI wants redis-server: install it");
            say("NO REDIS: what needs it was not tested. Install redis-server.");
            return None;
        }
        let port = free_port();
        let mut redis = Self {
            url: format!("redis://127.0.0.1:{port}/"),
            port,
            server: None,
            folder: tempfile::tempdir().unwrap(),
        };
        redis.launch();
        Some(redis)
    }

    /// Also after [`Self::stop`], without what it knew.
    pub fn launch(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let mut server = Command::new(binary().unwrap());
        server
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &self.port.to_string(), "--dir"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null());
        self.server = Some(server.spawn().unwrap());
    }

    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It may be frozen, and it keeps nothing.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// It keeps its connections, and does nothing more.
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
