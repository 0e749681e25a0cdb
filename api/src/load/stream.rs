//! A connection whose client must take what it is sent.
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

use super::Counted;
use crate::rate::Who;

pub struct Connection {
    stream: TcpStream,
    peer: Option<SocketAddr>,
    /// How long the client may take nothing.
    patience: Duration,
    /// Runs since the last bytes were taken, while there are more.
    stalled: Option<Pin<Box<Sleep>>>,
    _counted: Option<Counted<Who>>,
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Connection {
    pub fn new(stream: TcpStream, patience: Duration, counted: Option<Counted<Who>>) -> Self {
        Self {
            peer: stream.peer_addr().ok(),
            stream,
            patience,
            stalled: None,
            _counted: counted,
        }
    }

    /// Ready when the client has taken nothing for too long. What the system still holds for it is given up too.
    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        tracing::info!(peer = ?self.peer, "a connection was cut: its client took nothing of an answer for too long");
        if let Err(error) = self.stream.set_zero_linger() {
            tracing::debug!(%error, "SO_LINGER");
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
