//! The program as a separate process, for tests that kill it, stop it or run its commands.
use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    rc::Rc,
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{Client, Place, folder, throw_away::send};

/// The time between two checks of a condition.
const PERIOD: Duration = Duration::from_millis(20);

/// The longest wait of a test, which a busy machine does not reach.
const LIMIT: Duration = Duration::from_mins(1);

/// Settings with which a busy machine does not decide what a test sees: the shipped timeouts of the database are short.
const PATIENT: [(&str, &str); 4] = [
    ("ATOLL__DATABASE__ACQUIRE_TIMEOUT", "30s"),
    ("ATOLL__DATABASE__OUTAGE_TIMEOUT", "30s"),
    ("ATOLL__DATABASE__READ_TIMEOUT", "30s"),
    ("ATOLL__DATABASE__WRITE_TIMEOUT", "30s"),
];

/// Waits for a future, and fails if it takes longer than any test may wait.
pub async fn within_limit<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = timeout(LIMIT, work).await;
    done.unwrap_or_else(|_late| panic!("timed out after {LIMIT:?}: {what}"))
}

/// Waits until `condition` gives something, and fails if it never does.
pub async fn eventually<T>(what: &str, condition: impl AsyncFn() -> Option<T>) -> T {
    let checks = async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            sleep(PERIOD).await;
        }
    };
    within_limit(what, checks).await
}

/// A program in an empty folder. Its environment has patient timeouts and what a test sets.
pub struct Program {
    binary: PathBuf,
    variables: Vec<(String, String)>,
    pub folder: Rc<TempDir>,
    /// The place of its database, if that is elsewhere.
    pub place: Rc<Place>,
}

impl Program {
    pub fn new(binary: &str) -> Self {
        Self {
            binary: binary.into(),
            variables: Vec::new(),
            folder: Rc::new(folder()),
            place: Rc::new(Place::Memory),
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its output goes to files, so that the test need not read it while it runs.
    fn spawn(&self, arguments: &str, input: Stdio) -> Process {
        let (out, log) = (self.file("out"), self.file("log"));
        let mut command = Command::new(&self.binary);
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("PORT", "0")
            // Several servers run at a time.
            .env("ATOLL__METRICS__LISTEN", "off")
            .envs(PATIENT)
            .envs(self.variables.iter().cloned())
            .stdin(input)
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&log).unwrap());
        Process {
            child: command.spawn().unwrap(),
            out,
            log,
            _places: (self.folder.clone(), self.place.clone()),
        }
    }

    /// Runs to the end, with `input` as its standard input.
    pub async fn run(&self, arguments: &str, input: &str) -> Output {
        let mut process = self.spawn(arguments, Stdio::piped());
        // A program that does not read its input may have ended.
        let _ = process
            .child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes());
        let status = process.end().await;
        Output {
            status,
            stdout: process.said().into_bytes(),
            stderr: process.log().into_bytes(),
        }
    }

    /// Runs to a successful end and returns its standard output.
    pub async fn ok(&self, arguments: &str, input: &str) -> String {
        let output = self.run(arguments, input).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "atoll {arguments}: {said}{complaint}"
        );
        said
    }

    /// Runs to a failure and returns its standard error.
    pub async fn refused(&self, arguments: &str) -> String {
        let output = self.run(arguments, "").await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "atoll {arguments}: {said}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Starts a server, on a free port unless the test names one.
    pub fn start(&self) -> Process {
        self.spawn("serve", Stdio::null())
    }

    /// Starts a server with other arguments than `serve`, and waits until it is ready.
    pub async fn serve_with(&self, arguments: &str) -> (Process, SocketAddr) {
        let mut process = self.spawn(arguments, Stdio::null());
        let address = process.ready().await;
        (process, address)
    }

    /// Starts a server and waits until it is ready.
    pub async fn serve(&self) -> (Process, SocketAddr) {
        let mut process = self.start();
        let address = process.ready().await;
        (process, address)
    }

    fn file(&self, kind: &str) -> PathBuf {
        let unique = tempfile::Builder::new()
            .prefix(kind)
            .tempfile_in(self.folder.path());
        unique.unwrap().into_temp_path().keep().unwrap()
    }
}

/// A running program, which is killed when this is dropped.
pub struct Process {
    child: Child,
    out: PathBuf,
    log: PathBuf,
    /// Its database is there.
    _places: (Rc<TempDir>, Rc<Place>),
}

impl Process {
    /// Waits until the server is ready, and returns its address.
    pub async fn ready(&mut self) -> SocketAddr {
        let address = loop_until(|| self.address(), "the server prints its address").await;
        let anyone = Client::new(address, None, 0);
        eventually("the server is ready", async || {
            let asked = anyone
                .request(reqwest::Method::GET, "//readyz")
                .send()
                .await;
            asked
                .is_ok_and(|answer| answer.status() == 200)
                .then_some(())
        })
        .await;
        address
    }

    fn address(&mut self) -> Option<SocketAddr> {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the server ended with {status}: {}", self.log());
        }
        let said = self.said();
        let line = said
            .lines()
            .next()?
            .strip_prefix("Atoll is ready: http://")?;
        line.parse().ok()
    }

    /// Returns its standard output so far.
    pub fn said(&self) -> String {
        read(&self.out)
    }

    /// Returns its standard error so far.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// Kills it with `kill -9`, which it cannot handle.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn terminate(&self) {
        send("TERM", self.child.id());
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self) -> ExitStatus {
        loop_until(|| self.child.try_wait().unwrap(), "the program ends").await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Like [`eventually`], for a condition that changes what it checks.
async fn loop_until<T>(mut condition: impl FnMut() -> Option<T>, what: &str) -> T {
    let checks = async {
        loop {
            if let Some(value) = condition() {
                return value;
            }
            sleep(PERIOD).await;
        }
    };
    within_limit(what, checks).await
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
