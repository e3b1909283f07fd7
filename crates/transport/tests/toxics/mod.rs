//! A TCP proxy that makes a connection bad, in each of the eight classic ways.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
    time::sleep,
};

/// What is done to the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toxic {
    /// They pass.
    None,
    /// They pass later.
    Latency(Duration),
    /// The proxy does not listen.
    Down,
    /// So many pass in a hundredth of a second.
    Bandwidth(usize),
    /// They pass, and the end of the connection comes later.
    SlowClose(Duration),
    /// None passes; the connection is closed after the time, or never.
    Timeout(Option<Duration>),
    /// The first one resets the connection, on both sides.
    ResetPeer,
    /// They pass in pieces of that size.
    Slicer(usize),
    /// So many pass, and then the connection is closed.
    LimitData(usize),
    /// So many pass, and then the connection is reset, on both sides.
    ResetAfter(usize),
}

/// Stands between a client and a server.
pub(crate) struct Proxy {
    address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Proxy {
    /// `up` goes from the client to the server.
    pub(crate) async fn start(server: SocketAddr, up: Toxic, down: Toxic) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        if up == Toxic::Down || down == Toxic::Down {
            // The port is free again, and nobody listens on it.
            return Self { address, task: None };
        }
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                tokio::spawn(join(client, server, up, down));
            }
        });
        Self { address, task: Some(task) }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// How a direction ended.
enum End {
    /// Its source closed it.
    Closed,
    /// The proxy closes the connection.
    Cut,
    /// The proxy resets the connection.
    Reset,
}

async fn join(client: TcpStream, server: TcpStream, up: Toxic, down: Toxic) {
    let (mut client_read, mut client_write) = client.into_split();
    let (mut server_read, mut server_write) = server.into_split();
    let end = {
        let up = pass(&mut client_read, &mut server_write, up);
        let down = pass(&mut server_read, &mut client_write, down);
        tokio::pin!(up, down);
        // The end of one direction leaves the other one open; a cut or a reset ends both.
        let first = tokio::select! { end = &mut up => (end, true), end = &mut down => (end, false) };
        match first {
            (End::Closed, true) => down.await,
            (End::Closed, false) => up.await,
            (end, _) => end,
        }
    };
    if matches!(end, End::Reset) {
        // Both are closed when they are dropped, and with this they are reset.
        let _ = client_write.as_ref().set_zero_linger();
        let _ = server_write.as_ref().set_zero_linger();
        // Dropped by itself, the half for writing would say goodbye first.
        client_write.forget();
        server_write.forget();
    }
}

async fn pass(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, toxic: Toxic) -> End {
    let mut buffer = vec![0; 16 << 10];
    let mut left = match toxic {
        Toxic::LimitData(limit) | Toxic::ResetAfter(limit) => limit,
        _ => usize::MAX,
    };
    loop {
        let count = from.read(&mut buffer).await.unwrap_or_default();
        if count == 0 {
            if let Toxic::SlowClose(time) = toxic {
                sleep(time).await;
            }
            // Gone already, perhaps.
            let _ = to.shutdown().await;
            return End::Closed;
        }
        let bytes = &buffer[..count.min(left)];
        left -= bytes.len();
        let step = match toxic {
            Toxic::Timeout(Some(time)) => {
                sleep(time).await;
                return End::Cut;
            }
            Toxic::Timeout(None) => std::future::pending().await,
            Toxic::ResetPeer => return End::Reset,
            Toxic::Latency(time) => {
                sleep(time).await;
                bytes.len()
            }
            Toxic::Bandwidth(step) | Toxic::Slicer(step) => step,
            Toxic::None | Toxic::Down | Toxic::SlowClose(_) | Toxic::LimitData(_) | Toxic::ResetAfter(_) => {
                bytes.len()
            }
        };
        for piece in bytes.chunks(step.max(1)) {
            if to.write_all(piece).await.is_err() {
                return End::Closed;
            }
            match toxic {
                Toxic::Bandwidth(_) => sleep(Duration::from_millis(10)).await,
                Toxic::Slicer(_) => tokio::task::yield_now().await,
                _ => {}
            }
        }
        match (left, toxic) {
            (0, Toxic::ResetAfter(_)) => return End::Reset,
            (0, _) => return End::Cut,
            _ => {}
        }
    }
}
