//! The servers that `database.url` names, one of which is used at a time.
//!
//! After a failover another one is the primary. The health check looks for it, and every new connection leads there.
use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::super::health::{State, check};
use crate::{Error, Result};

/// The parameter with which libpq chooses among several hosts. A server that accepts writes is always preferred here.
const PREFERENCE: &str = "target_session_attrs=";

/// It is cheap to clone.
#[derive(Debug, Clone)]
pub(in super::super) struct Servers {
    all: Arc<[PgConnectOptions]>,
    current: Arc<AtomicUsize>,
}

impl Servers {
    /// Reads a URL with one host, or with several as in libpq: `postgres://USER@HOST:PORT,HOST:PORT/NAME`. `complete` adds
    /// what all connections have in common.
    pub fn read(
        url: &str,
        complete: impl Fn(PgConnectOptions) -> PgConnectOptions,
    ) -> Result<Self> {
        let urls = urls(url);
        let parsed = urls.iter().map(|url| PgConnectOptions::from_str(url));
        let parsed: Vec<_> = parsed.collect::<Result<_, _>>().map_err(Error::internal)?;
        Ok(Self {
            all: parsed.into_iter().map(complete).collect(),
            current: Arc::default(),
        })
    }

    /// Returns the server in use.
    pub fn current(&self) -> PgConnectOptions {
        let current = self.current.load(SeqCst) % self.all.len();
        self.all[current].clone()
    }

    /// Connects to the server in use.
    pub async fn connect(&self) -> sqlx::Result<PgConnection> {
        self.current().connect().await
    }

    /// Uses another server if that is better than the one in use, whose state this is. Returns its state.
    pub async fn find_better(&self, state: State, limit: Duration) -> Option<State> {
        if self.all.len() < 2 || state == State::Writable {
            return None;
        }
        let checks = self.all.iter().map(async |server| {
            let checked = timeout(limit, check(server, None)).await;
            checked.ok()?.ok().map(|(state, _connection)| state)
        });
        let states = join_all(checks).await;
        let has = |wanted| states.iter().position(|state| *state == Some(wanted));
        let standby = || {
            let standby = has(State::ReadOnly).filter(|_| state == State::Unreachable);
            standby.map(|index| (index, State::ReadOnly))
        };
        let writable = has(State::Writable).map(|index| (index, State::Writable));
        let (index, state) = writable.or_else(standby)?;
        let before = self.current.swap(index, SeqCst);
        if before != index {
            let (host, port) = (self.all[index].get_host(), self.all[index].get_port());
            tracing::warn!(host, port, ?state, "another database server is used");
        }
        Some(state)
    }
}

/// Returns true if a URL names one host. Where one server is expected, the others would be ignored.
pub fn names_one_host(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let hosts = |pair: &str| pair.strip_prefix("host=").map(str::to_ascii_lowercase);
    let has_list = |host: String| host.contains(',') || host.contains("%2c");
    urls(url).len() == 1 && !query.split('&').filter_map(hosts).any(has_list)
}

/// Returns a URL for each host. A password may contain neither `@`, `/` nor `?`, which must be percent-encoded.
fn urls(url: &str) -> Vec<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, end) = rest.split_at(end);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let end = match end.split_once('?') {
        Some((path, query)) => {
            let kept = query
                .split('&')
                .filter(|pair| !pair.starts_with(PREFERENCE));
            let kept: Vec<_> = kept.collect();
            if kept.is_empty() {
                path.to_owned()
            } else {
                format!("{path}?{}", kept.join("&"))
            }
        }
        None => end.to_owned(),
    };
    let hosts = hosts.split(',');
    hosts
        .map(|host| format!("{scheme}://{user}{host}{end}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_of_a_url_is_a_server() {
        for (url, expected) in [
            ("postgres://ada:pw@a/db", &["postgres://ada:pw@a/db"][..]),
            (
                "postgresql://ada@a:1,b,[::1]:3/db?sslmode=require&target_session_attrs=any",
                &[
                    "postgresql://ada@a:1/db?sslmode=require",
                    "postgresql://ada@b/db?sslmode=require",
                    "postgresql://ada@[::1]:3/db?sslmode=require",
                ],
            ),
            (
                "postgres://a,b/?target_session_attrs=read-write",
                &["postgres://a/", "postgres://b/"],
            ),
            ("postgres:///db?host=/run", &["postgres:///db?host=/run"]),
        ] {
            assert_eq!(urls(url), expected, "{url}");
        }
    }

    #[test]
    fn a_list_of_hosts_is_not_one_host() {
        for one in [
            "postgres://ada:p%2Cw@a:1/db?sslmode=require",
            "postgres://ada:p,w@a/db,s",
            "postgres:///db?host=/run",
        ] {
            assert!(names_one_host(one), "{one}");
        }
        for several in [
            "postgres://ada@a:1,b:2/db",
            "postgres://a,b",
            "postgres:///db?user=ada&host=a,b",
            "postgres:///db?host=a%2Cb",
        ] {
            assert!(!names_one_host(several), "{several}");
        }
    }

    #[test]
    fn the_first_server_is_used_until_another_one_is_found() {
        let servers = Servers::read("postgres://a:1,b:2/db", |server| server).unwrap();

        assert_eq!(servers.current().get_port(), 1);
        servers.clone().current.store(1, SeqCst);
        assert_eq!(servers.current().get_port(), 2);
    }
}
