//! A connection that is closed if its client stops reading.
use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::{load::Counted, rate::CallerKey};

pub struct Connection {
    stream: TcpStream,
    peer: Option<SocketAddr>,
    /// The longest time for which the client may read nothing.
    write_timeout: Duration,
    /// Runs since the client last read bytes, while more are waiting.
    stalled: Option<Pin<Box<Sleep>>>,
    _counted: Option<Counted<CallerKey>>,
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Connection {
    pub fn new(
        stream: TcpStream,
        write_timeout: Duration,
        counted: Option<Counted<CallerKey>>,
    ) -> Self {
        Self {
            peer: stream.peer_addr().ok(),
            stream,
            write_timeout,
            stalled: None,
            _counted: counted,
        }
    }

    /// Is ready when the client has read nothing for too long. The bytes that the operating system still buffers are discarded.
    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let write_timeout = self.write_timeout;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        ready!(stalled.as_mut().poll(context));
        tracing::info!(peer = ?self.peer, "connection closed: the client stopped reading the response");
        if let Err(error) = self.stream.set_zero_linger() {
            tracing::debug!(%error, "cannot set SO_LINGER");
        }
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.poll_stalled(context).map(Err),
            written @ Poll::Ready(_) => {
                self.stalled = None;
                written
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
