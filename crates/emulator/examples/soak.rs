//! Many clients for a while, with faults among the answers: every answer is the one that was to be expected, and the
//! process does not grow.
//!
//! `cargo run --release -p imagewire-emulator --example soak -- --seconds 60 --clients 64 --faults 5`

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use imagewire_emulator::Emulator;

/// What goes wrong for some requests, and how the client notices.
const FAULTS: [(&str, Seen); 8] = [
    ("status;status=503", Seen::Status(503)),
    ("rate-limit", Seen::Status(429)),
    ("prompt-block", Seen::Status(400)),
    ("html-error", Seen::Status(502)),
    ("cut-body;after=10", Seen::Broken),
    ("reset", Seen::Broken),
    ("malformed-json", Seen::Status(200)),
    ("created-as-string", Seen::Status(200)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Status(u16),
    /// The connection ended before the answer did.
    Broken,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> io::Result<()> {
    let [seconds, clients, faults] = [("--seconds", 60), ("--clients", 64), ("--faults", 5)]
        .map(|(name, usual)| argument(name).unwrap_or(usual));
    let emulator = Emulator::builder().scenarios(true).start().await?;
    let address = emulator.address();
    let until = Instant::now() + Duration::from_secs(seconds);
    let (unexpected, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(BTreeMap::new())));
    let threads: Vec<_> = (0..clients)
        .map(|client| {
            let (unexpected, seen) = (Arc::clone(&unexpected), Arc::clone(&seen));
            std::thread::spawn(move || run(address, client, faults, until, &unexpected, &seen))
        })
        .collect();
    println!("{:>8} {:>10} {:>10}", "seconds", "requests", "RSS (MiB)");
    let start = Instant::now();
    let mut sizes = Vec::new();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_secs((seconds / 12).max(1))).await;
        sizes.push(resident());
        let requests = emulator.ledger().requests();
        println!("{:8} {requests:10} {:10.1}", start.elapsed().as_secs(), resident());
    }
    for thread in threads {
        let _ = thread.join();
    }
    for (kind, count) in seen.lock().map(|seen| seen.clone()).unwrap_or_default() {
        println!("{kind:?}: {count}");
    }
    // The cache of pictures fills in the first half.
    let half = sizes.get(sizes.len() / 2..).unwrap_or_default();
    let growth = half.last().zip(half.first()).map_or(0.0, |(last, first)| last - first);
    let unexpected = unexpected.load(Ordering::Relaxed);
    println!("unexpected: {unexpected}; RSS grew by {growth:.1} MiB in the second half");
    std::process::exit(i32::from(unexpected > 0 || growth > 16.0));
}

fn argument(name: &str) -> Option<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}

/// Megabytes of memory that the process has, where the system tells.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

fn run(
    address: SocketAddr,
    client: u64,
    faults: u64,
    until: Instant,
    unexpected: &AtomicU64,
    seen: &Mutex<BTreeMap<Seen, u64>>,
) {
    let mut connection = None;
    let mut number = client;
    while Instant::now() < until {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = number >> 33;
        let fault = (pick % 100 < faults)
            .then(|| FAULTS.get(usize::try_from(pick / 100).unwrap_or_default() % FAULTS.len()))
            .flatten();
        let expected = fault.map_or(Seen::Status(200), |(_, seen)| *seen);
        let scenario = fault.map_or("none", |(scenario, _)| scenario);
        let body = if pick.is_multiple_of(50) {
            r#"{"prompt":"a heron","size":"256x256","response_format":"b64_json"}"#.to_owned()
        } else {
            format!(r#"{{"prompt":"heron {}"}}"#, pick % 5_000)
        };
        let found = exchange(&mut connection, address, scenario, &body);
        if found != expected {
            unexpected.fetch_add(1, Ordering::Relaxed);
            eprintln!("{scenario}: {found:?}");
        }
        if let Ok(mut seen) = seen.lock() {
            *seen.entry(found).or_default() += 1;
        }
    }
}

fn exchange(
    connection: &mut Option<BufReader<TcpStream>>,
    address: SocketAddr,
    scenario: &str,
    body: &str,
) -> Seen {
    match attempt(connection, address, scenario, body) {
        Ok(status) => Seen::Status(status),
        Err(_) => {
            *connection = None;
            Seen::Broken
        }
    }
}

fn attempt(
    connection: &mut Option<BufReader<TcpStream>>,
    address: SocketAddr,
    scenario: &str,
    body: &str,
) -> io::Result<u16> {
    if connection.is_none() {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        *connection = Some(BufReader::new(stream));
    }
    let Some(reader) = connection else { return Err(io::ErrorKind::NotConnected.into()) };
    let request = format!(
        "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n\
         x-emulator-scenario: {scenario}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    reader.get_mut().write_all(request.as_bytes())?;
    let (mut status, mut length, mut line) = (0, 0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest.get(..3).and_then(|status| status.parse().ok()).unwrap_or_default();
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if line.trim().is_empty() {
            break;
        }
    }
    let read = io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
    if read < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(status) }
}
