//! `atoll ready`: asks the server of this machine whether it is ready, for the health check of a container without a shell.
use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, ensure};

use crate::config::{Inputs, Settings};

const TIMEOUT: Duration = Duration::from_secs(3);

/// The most bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 * 1024;

/// Succeeds if `/readyz` of the server with this configuration answers 200.
pub fn run(inputs: &Inputs) -> anyhow::Result<()> {
    let server = Settings::load(inputs)?.server;
    let address = SocketAddr::new(reachable(server.host), server.port);
    let answer = ask(address).with_context(|| format!("asking {address}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    ensure!(
        head.starts_with("HTTP/1.1 200 "),
        "the server at {address} is not ready: {}",
        body.trim()
    );
    Ok(())
}

/// Returns an address that reaches a server that listens on all interfaces.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}
