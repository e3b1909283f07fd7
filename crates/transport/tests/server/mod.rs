//! A server that answers with given bytes and remembers what it was sent.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request that arrived whole.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// What the server does about a request.
pub(crate) enum Reply {
    /// Sends these bytes and closes the connection.
    Last(Vec<u8>),
    /// Sends these bytes and waits for the next request.
    Next(Vec<u8>),
    /// Sends these bytes and falls silent, with the connection open.
    Stall(Vec<u8>),
    /// Breaks the connection off.
    Reset,
}

/// Listens on a free loopback port.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Each connection gets one answer and is closed. `answer` gets the server's own origin and the request.
    pub(crate) async fn start(answer: impl Fn(&str, &Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::run(move |origin, seen, _| Reply::Last(answer(origin, seen))).await
    }

    /// Never answers, and keeps the connection open.
    pub(crate) async fn silent() -> Self {
        Self::run(|_, _, _| Reply::Stall(Vec::new())).await
    }

    /// `reply` gets the server's own origin, the request, and how many requests came before it.
    pub(crate) async fn run(reply: impl Fn(&str, &Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (journal, reply) = (Arc::clone(&seen), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (journal, reply) = (Arc::clone(&journal), Arc::clone(&reply));
                tokio::spawn(async move {
                    while let Some(request) = receive(&mut stream).await {
                        // Before the answer, so that a client that has it finds the request in the journal.
                        let number = {
                            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
                            journal.push(request.clone());
                            journal.len() - 1
                        };
                        // A client that has read enough may be gone, at each of these.
                        match reply(&format!("http://{address}"), &request, number) {
                            Reply::Last(bytes) => {
                                let _ = stream.write_all(&bytes).await;
                                return;
                            }
                            Reply::Next(bytes) => drop(stream.write_all(&bytes).await),
                            Reply::Stall(bytes) => {
                                let _ = stream.write_all(&bytes).await;
                                return std::future::pending().await;
                            }
                            Reply::Reset => return drop(stream.set_zero_linger()),
                        }
                    }
                });
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen().iter().map(|request| request.path().to_owned()).collect()
    }

    /// Closes the port.
    pub(crate) async fn stop(self) {
        self.task.abort();
        // Cancelled, as it should be.
        let _ = self.task.await;
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let mut seen =
                Seen { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: Vec::new() };
            let length = seen.header("content-length").map_or(0, |length| length.parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                seen.body = bytes[end + 4..].to_vec();
                return Some(seen);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An answer with its length; `header` is one line, or nothing.
pub(crate) fn reply(status: &str, header: &str, body: &[u8]) -> Vec<u8> {
    let length = if header.starts_with("content-length") {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    let head =
        format!("HTTP/1.1 {status}\r\n{header}{length}x-request-id: req-1\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(crate) fn json(body: &str) -> Vec<u8> {
    reply("200 OK", "content-type: application/json", body.as_bytes())
}

pub(crate) fn html(body: &str) -> Vec<u8> {
    reply("200 OK", "content-type: text/html; charset=utf-8", body.as_bytes())
}
