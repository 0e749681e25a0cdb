//! A PostgreSQL server for as long as a run, or a test, lasts.
use std::{
    env, fs,
    io::Write,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::port::ReservedPort;

/// The user `nobody`, as which the server runs when the tests run as root: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// The supervisor reads its input to the end, so it notices the end of this process, whatever the cause. Then it removes the data,
/// which may be in memory, unless it has read that the server may start again.
const SUPERVISOR: &str = r#""$0" "$@" & server=$!; read -r kept; kill -INT $server; wait $server; [ "$kept" ] || rm -rf "$2""#;

/// Options that make the server fast: its data survives a crash of the server, but not of the machine.
const OPTIONS: [&str; 7] = [
    "listen_addresses=127.0.0.1",
    "max_connections=300",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "logging_collector=off",
    "max_wal_size=256MB",
];

pub struct ThrowAway {
    pub url: String,
    supervisor: Option<Child>,
    binaries: PathBuf,
    port: ReservedPort,
    is_frozen: bool,
    folder: TempDir,
}

impl ThrowAway {
    /// Starts a server with its data in this folder. Returns `None` if the binaries of a server are not installed.
    pub fn start(folder: TempDir) -> Option<Self> {
        let port = ReservedPort::bind();
        let mut server = Self {
            url: format!("postgres://atoll@127.0.0.1:{}/postgres", port.number),
            supervisor: None,
            binaries: binaries()?,
            port,
            is_frozen: false,
            folder,
        };
        server.make();
        server.launch();
        Some(server)
    }

    /// Starts a streaming replica of this server, which must accept connections, with its data in this folder.
    #[must_use]
    pub fn replica(&self, folder: TempDir) -> Self {
        let port = ReservedPort::bind();
        let mut replica = Self {
            url: format!("postgres://atoll@127.0.0.1:{}/postgres", port.number),
            supervisor: None,
            binaries: self.binaries.clone(),
            port,
            is_frozen: false,
            folder,
        };
        replica.make_folders();
        let program = replica.binaries.join("pg_basebackup");
        // A folder on the path may have links to the programs of a server only.
        let is_here = program.exists();
        let mut backup = Command::new(if is_here {
            program
        } else {
            "pg_basebackup".into()
        });
        let options = "-h 127.0.0.1 -U atoll --no-sync -c fast -X stream -R -D";
        backup
            .args(options.split(' '))
            .arg(replica.data())
            .args(["-p", &self.port.number.to_string()]);
        let made = replica.as_server(&mut backup).output().unwrap();
        let complaint = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "pg_basebackup: {complaint}");
        replica.launch();
        replica
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn make_folders(&self) {
        let private = fs::Permissions::from_mode(0o700);
        fs::create_dir(self.data()).unwrap();
        fs::set_permissions(self.data(), private).unwrap();
        if is_root() {
            for folder in [self.folder.path(), &self.data()] {
                chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
    }

    fn make(&self) {
        self.make_folders();
        let mut initdb = Command::new(self.binaries.join("initdb"));
        let options = "-U atoll -A trust -E UTF8 --locale=C --no-sync -D";
        initdb.args(options.split(' ')).arg(self.data());
        let made = self.as_server(&mut initdb).output().unwrap();
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
    }

    /// Starts the server, with the data that it had before [`Self::stop`].
    pub fn launch(&mut self) {
        let mut supervisor = Command::new("sh");
        supervisor
            .arg("-c")
            .arg(SUPERVISOR)
            .arg(self.binaries.join("postgres"))
            .arg("-D")
            .arg(self.data());
        let own = [
            format!("port={}", self.port.number),
            format!("unix_socket_directories={}", self.folder.path().display()),
        ];
        for option in OPTIONS.into_iter().chain(own.iter().map(String::as_str)) {
            supervisor.arg("-c").arg(option);
        }
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        supervisor
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log);
        self.supervisor = Some(self.as_server(&mut supervisor).spawn().unwrap());
    }

    /// Stops the server in its fast mode: it closes connections and rolls transactions back.
    pub fn stop(&mut self) {
        if self.is_frozen {
            self.thaw();
        }
        if let Some(mut supervisor) = self.supervisor.take() {
            if let Some(mut input) = supervisor.stdin.take() {
                let _ = input.write_all(b"kept\n");
            }
            let _ = supervisor.wait();
        }
    }

    /// Kills all processes of the server at once, as a power cut does.
    pub fn kill(&mut self) {
        let server = self.pid();
        for pid in children(server).into_iter().chain([server]) {
            send("KILL", pid);
        }
        self.stop();
    }

    /// Stops all processes of the server, which keep their connections and answer nothing.
    pub fn freeze(&mut self) {
        // The first process would start others.
        let server = self.pid();
        send("STOP", server);
        for pid in children(server) {
            send("STOP", pid);
        }
        self.is_frozen = true;
    }

    pub fn thaw(&mut self) {
        let server = self.pid();
        for pid in children(server) {
            send("CONT", pid);
        }
        send("CONT", server);
        self.is_frozen = false;
    }

    fn pid(&self) -> u32 {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        file.lines().next().unwrap().parse().unwrap()
    }

    fn as_server<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.current_dir(self.folder.path());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// Sends a signal to a process that this one, or a server of this one, has started.
pub fn send(signal: &str, pid: u32) {
    // A child of the server may have ended meanwhile.
    let _ = Command::new("sh")
        .arg("-c")
        .arg(format!("kill -{signal} {pid}"))
        .status();
}

fn children(parent: u32) -> Vec<u32> {
    let is_child = |stat: &str| {
        // After the name in parentheses: the state, then the parent (proc(5)).
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        rest.split(' ').nth(1) == Some(&parent.to_string())
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| is_child(&stat))
        })
        .collect()
}

/// The newest server whose binaries are on the path or where Debian keeps them.
pub fn binaries() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).collect::<Vec<_>>();
    let packaged = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<_> = packaged.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    let has_all = |folder: &PathBuf| {
        let has = |name: &str| Path::new(folder).join(name).exists();
        has("initdb") && has("postgres")
    };
    on_path.into_iter().chain(folders).find(has_all)
}
