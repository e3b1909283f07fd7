//! Connections: how many, how slow, and how they end.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
    task::JoinSet,
    time::{Sleep, sleep, timeout},
};

use crate::{body::Line, metrics::Metrics};

/// How long the server waits for its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// A client that does not finish its headers in this time is let go.
    pub(crate) headers: Duration,
    /// A client that sends nothing of its body for this time is let go.
    pub(crate) body: Duration,
    /// A client that takes nothing for this time is let go.
    pub(crate) reads: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [headers, body, reads] = [10, 30, 60].map(Duration::from_secs);
        Self { headers, body, reads }
    }
}

/// Answers that are under way get this long when the server stops.
const DRAINS_WITHIN: Duration = Duration::from_secs(30);
/// Headers altogether, in bytes.
const MAX_HEAD: usize = 32 << 10;
const MAX_HEADERS: usize = 100;
/// What a connection over the limit hears.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until `stopped`, then lets answers finish.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    metrics: Arc<Metrics>,
    max_connections: usize,
    patience: Patience,
    mut stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    // Dropped at the end, with what is still open then.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let stream = tokio::select! {
            // A dropped handle stops the server as well.
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    // Out of file descriptors, most likely: others will close theirs.
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            metrics.turned_away();
            connections.spawn(turn_away(stream));
            continue;
        };
        // Small answers must not wait for the client's acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let line = Line::default();
        let service = Tagged { inner: TowerToHyperService::new(router.clone()), line: line.clone() };
        let socket =
            TokioIo::new(Socket { stream, line, reads_within: patience.reads, stuck: None, taken: 0 });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.headers)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .serve_connection(socket, service);
        let connection = graceful.watch(connection);
        let metrics = Arc::clone(&metrics);
        connections.spawn(async move {
            metrics.opened();
            // How a connection ends is the client's affair.
            let _ = connection.await;
            metrics.closed();
            drop(place);
        });
    }
    drop(listener);
    let _ = timeout(DRAINS_WITHIN, graceful.shutdown()).await;
    Ok(())
}

/// Says that there is no place. What the client has sent is read first: closing before that would reset the connection, and
/// take the answer along.
async fn turn_away(mut stream: TcpStream) {
    let soon = Duration::from_millis(50);
    let _ = timeout(soon, stream.read(&mut [0; 4 << 10])).await;
    // A few bytes fit the socket's buffer, so that this waits for nobody.
    let _ = timeout(soon, stream.write_all(FULL)).await;
    let _ = timeout(soon, stream.shutdown()).await;
}

/// Tells each request which connection it came by.
struct Tagged {
    inner: TowerToHyperService<Router>,
    line: Line,
}

impl Service<Request<Incoming>> for Tagged {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.line.clone());
        self.inner.call(request)
    }
}

/// A socket that gives up on clients that take nothing, and that scenarios can reset.
struct Socket {
    stream: TcpStream,
    line: Line,
    reads_within: Duration,
    /// Until when the client, which is behind, must have taken [`ENOUGH`]; nothing while it keeps up.
    stuck: Option<Pin<Box<Sleep>>>,
    /// What it has taken since.
    taken: usize,
}

/// A client that is behind takes at least so many bytes in the time that it is waited for.
const ENOUGH: usize = 64 << 10;

impl Socket {
    fn reset(&self) -> Option<io::Error> {
        self.line.is_reset().then(|| io::ErrorKind::ConnectionReset.into())
    }

    /// Waits for a client that is behind for a while, and then no more.
    fn patience(
        &mut self,
        poll: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = &poll {
            self.taken += result.as_ref().copied().unwrap_or_default();
            if self.taken >= ENOUGH {
                self.stuck = None;
            }
            return poll;
        }
        let within = self.reads_within;
        let stuck = self.stuck.get_or_insert_with(|| {
            self.taken = 0;
            Box::pin(sleep(within))
        });
        match stuck.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.line.is_reset() {
            // Closing then throws away what is not sent, and resets the connection.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = self.reset() {
            return Poll::Ready(Err(error));
        }
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.patience(poll, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = self.reset() {
            return Poll::Ready(Err(error));
        }
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.patience(poll, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.reset() {
            return Poll::Ready(Err(error));
        }
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        if poll.is_ready() {
            self.line.flushed();
            // Everything is with the client's system.
            self.stuck = None;
        }
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.reset() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
