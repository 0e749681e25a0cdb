//! PostgreSQL for a run: the server that `TEST_DATABASE_URL` names, or a throw-away one from binaries that are found.
use std::{
    env, fs,
    io::Write,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{Connection, Executor, PgConnection, Row};
use tempfile::TempDir;

/// Names a server to use instead of a throw-away one. Its user must be allowed to create databases.
pub const GIVEN: &str = "TEST_DATABASE_URL";
/// How the run that starts a server tells the one on it.
pub const SERVER: &str = "ATOLL_TEST_SERVER";
pub const TEMPLATE: &str = "ATOLL_TEST_TEMPLATE";

/// The user that the server runs as when the tests run as root, which PostgreSQL refuses to be: nobody.
const NOBODY: u32 = 65534;

/// A server, and a migrated template on it.
pub struct Server {
    pub url: String,
    pub template: String,
    /// Ends with the run, however that ends.
    _throw_away: Option<ThrowAway>,
}

struct ThrowAway {
    supervisor: Child,
    _folder: TempDir,
}

impl Server {
    /// None, where there is neither a given server nor the binaries for one.
    pub async fn find() -> Option<Self> {
        let (url, throw_away) = match env::var(GIVEN) {
            Ok(url) => (url, None),
            Err(_) => {
                let (url, throw_away) = ThrowAway::start(&binaries()?);
                (url, Some(throw_away))
            }
        };
        let template = format!("atoll_test_{}", std::process::id());
        let mut connection = connect(&url).await;
        let create = format!("CREATE DATABASE {template}");
        connection
            .execute(sqlx::AssertSqlSafe(create))
            .await
            .unwrap();
        connection.close().await.unwrap();
        let settings = crate::settings(&with_database(&url, &template));
        let database = service::Database::connect(&settings, None).await.unwrap();
        database.migrate().await.unwrap();
        database.close().await.unwrap();
        Some(Self {
            url,
            template,
            _throw_away: throw_away,
        })
    }

    /// Leaves a given server as it was.
    pub async fn clean(self) {
        if env::var(GIVEN).is_err() {
            return;
        }
        let mut connection = connect(&self.url).await;
        let ours = "SELECT datname FROM pg_database WHERE datname LIKE $1 || '%'";
        for row in sqlx::query(ours)
            .bind(&self.template)
            .fetch_all(&mut connection)
            .await
            .unwrap()
        {
            let name: String = row.get(0);
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
        }
    }
}

pub fn with_database(server: &str, name: &str) -> String {
    let (rest, query) = server
        .split_once('?')
        .map_or((server, String::new()), |(rest, query)| {
            (rest, format!("?{query}"))
        });
    let scheme = rest.find("://").map_or(0, |at| at + 3);
    let host = rest[scheme..]
        .find('/')
        .map_or(rest, |at| &rest[..scheme + at]);
    format!("{host}/{name}{query}")
}

impl ThrowAway {
    fn start(binaries: &Path) -> (String, Self) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let is_root = fs::metadata("/proc/self")
            .is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        if is_root {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let as_server = |command: &mut Command| {
            command.current_dir(folder.path());
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
        };
        let mut initdb = Command::new(binaries.join("initdb"));
        initdb
            .args([
                "-U",
                "atoll",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(&data);
        as_server(&mut initdb);
        let made = initdb.output().unwrap();
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let port = free_port();
        // Reading to the end of its input, the supervisor notices the end of this process, whatever that was.
        let script = r#""$0" "$@" & server=$!; cat > /dev/null; kill -INT $server; wait $server"#;
        let mut supervisor = Command::new("sh");
        supervisor
            .arg("-c")
            .arg(script)
            .arg(binaries.join("postgres"))
            .arg("-D")
            .arg(&data);
        let port_option = format!("port={port}");
        let socket_option = format!("unix_socket_directories={}", folder.path().display());
        for option in [
            port_option.as_str(),
            socket_option.as_str(),
            "listen_addresses=127.0.0.1",
            "max_connections=300",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "logging_collector=off",
        ] {
            supervisor.arg("-c").arg(option);
        }
        as_server(&mut supervisor);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        supervisor
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log);
        let supervisor = supervisor.spawn().unwrap();
        (
            format!("postgres://atoll@127.0.0.1:{port}/postgres"),
            Self {
                supervisor,
                _folder: folder,
            },
        )
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// A server that was just started refuses connections for a moment.
async fn connect(url: &str) -> PgConnection {
    for _ in 0..200 {
        if let Ok(connection) = PgConnection::connect(url).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the PostgreSQL server did not come up within 10 s")
}

/// The newest server whose binaries are on the path or where Debian keeps them.
fn binaries() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).collect::<Vec<_>>();
    let packaged = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<_> = packaged.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    on_path
        .into_iter()
        .chain(folders)
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// One line that no test runner hides.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
