//! How fast the emulator answers, beside a bare axum handler that says the same, and how it bears half-open connections.
//!
//! `cargo run --release -p imagewire-emulator --example speed`. Each server has one thread; the clients have another.

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, routing::post, serve::ListenerExt as _};
use imagewire_emulator::Emulator;

const SMALL: &str = r#"{"prompt":"a heron"}"#;
const LARGE: &str =
    r#"{"prompt":"a heron","model":"another","size":"4096x2560","n":2,"response_format":"b64_json"}"#;
/// Requests on their way at a time, on each of so many connections.
const DEPTH: usize = 16;
const CONNECTIONS: usize = 8;
const MEASURED: Duration = Duration::from_secs(5);

fn main() -> io::Result<()> {
    let emulator = serve(|| async { Ok(Serving::Emulator(Emulator::builder().start().await?)) })?;
    let small = answer(emulator, SMALL)?;
    let large = answer(emulator, LARGE)?;
    let (small_size, large_size) = (small.len(), large.len());
    let bare_small = serve(move || bare(small))?;
    let bare_large = serve(move || bare(large))?;

    println!("small answers ({small_size} bytes), one thread");
    let (mut ours, mut theirs) = (0.0_f64, 0.0_f64);
    for _ in 0..3 {
        theirs = theirs.max(rate(bare_small)?);
        ours = ours.max(rate(emulator)?);
    }
    println!("  bare axum {theirs:9.0}/s");
    println!("  emulator  {ours:9.0}/s, {:.2} of it", ours / theirs);

    println!("large answers ({:.1} MB), one thread, one connection", large_size as f64 / 1e6);
    let (mut ours, mut theirs) = (0.0_f64, 0.0_f64);
    for _ in 0..3 {
        theirs = theirs.max(throughput(bare_large, LARGE)?);
        ours = ours.max(throughput(emulator, LARGE)?);
    }
    println!("  bare axum {theirs:9.0} MB/s");
    println!("  emulator  {ours:9.0} MB/s, {:.2} of it", ours / theirs);

    println!("200 half-open connections");
    let quiet = latency(emulator, Duration::from_secs(5))?;
    let begun = Instant::now();
    let open: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(emulator)?;
            stream.write_all(b"POST /v1/images/generations HTTP/1.1\r\nhost: local")?;
            Ok(stream)
        })
        .collect::<io::Result<_>>()?;
    let busy = latency(emulator, Duration::from_secs(5))?;
    for mut stream in open {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        // A reset is an end as well.
        let _ = io::copy(&mut stream, &mut io::sink());
    }
    println!("  all ended after {:.1} s", begun.elapsed().as_secs_f64());
    println!("  p99 of good requests: {quiet:?} before, {busy:?} beside them");
    Ok(())
}

enum Serving {
    Emulator(Emulator),
    Bare(SocketAddr, tokio::task::JoinHandle<io::Result<()>>),
}

async fn bare(body: Vec<u8>) -> io::Result<Serving> {
    let body = Bytes::from(body);
    let handler = move |_: Bytes| {
        let body = body.clone();
        async move { ([("content-type", "application/json")], body) }
    };
    let router = Router::new().route("/v1/images/generations", post(handler));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap_or_default());
    Ok(Serving::Bare(address, tokio::spawn(async move { axum::serve(listener, router).await })))
}

/// Runs a server in a thread of its own and returns its address.
fn serve<F>(start: impl FnOnce() -> F + Send + 'static) -> io::Result<SocketAddr>
where
    F: Future<Output = io::Result<Serving>>,
{
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match start().await? {
                Serving::Emulator(emulator) => {
                    let _ = tell.send(emulator.address());
                    emulator.wait().await
                }
                Serving::Bare(address, task) => {
                    let _ = tell.send(address);
                    task.await.map_err(io::Error::other)?
                }
            }
        })
    });
    told.recv().map_err(io::Error::other)
}

fn request(body: &str) -> String {
    format!(
        "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(1 << 18, stream))
}

/// Reads an answer's head and returns its body's length.
fn head(reader: &mut BufReader<TcpStream>, line: &mut Vec<u8>) -> io::Result<u64> {
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_until(b'\n', line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.strip_prefix(b"content-length: ") {
            length = String::from_utf8_lossy(value).trim().parse().map_err(io::Error::other)?;
        } else if line.as_slice() == b"\r\n" {
            return Ok(length);
        }
    }
}

/// Reads a body away, without copying it.
fn skip(reader: &mut BufReader<TcpStream>, mut left: u64) -> io::Result<()> {
    while left > 0 {
        let there = reader.fill_buf()?.len();
        if there == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = there.min(usize::try_from(left).unwrap_or(usize::MAX));
        reader.consume(taken);
        left -= taken as u64;
    }
    Ok(())
}

fn answer(address: SocketAddr, body: &str) -> io::Result<Vec<u8>> {
    let mut reader = connect(address)?;
    reader.get_mut().write_all(request(body).as_bytes())?;
    let length = head(&mut reader, &mut Vec::new())?;
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(body)
}

/// Small answers a second.
fn rate(address: SocketAddr) -> io::Result<f64> {
    let mut connections = (0..CONNECTIONS).map(|_| connect(address)).collect::<io::Result<Vec<_>>>()?;
    let batch = request(SMALL).repeat(DEPTH);
    let (mut line, mut count, begun) = (Vec::new(), 0_u32, Instant::now());
    for connection in &mut connections {
        connection.get_mut().write_all(batch.as_bytes())?;
    }
    while begun.elapsed() < MEASURED {
        for connection in &mut connections {
            for _ in 0..DEPTH {
                let length = head(connection, &mut line)?;
                skip(connection, length)?;
                count += 1;
            }
            connection.get_mut().write_all(batch.as_bytes())?;
        }
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

/// Megabytes a second.
fn throughput(address: SocketAddr, body: &str) -> io::Result<f64> {
    let mut connection = connect(address)?;
    let (mut line, mut bytes, begun) = (Vec::new(), 0_u64, Instant::now());
    while begun.elapsed() < MEASURED {
        connection.get_mut().write_all(request(body).as_bytes())?;
        let length = head(&mut connection, &mut line)?;
        skip(&mut connection, length)?;
        bytes += length;
    }
    Ok(bytes as f64 / 1e6 / begun.elapsed().as_secs_f64())
}

/// The 99th percentile of the time that a small answer takes, one after the other.
fn latency(address: SocketAddr, measured: Duration) -> io::Result<Duration> {
    let mut connection = connect(address)?;
    let (mut line, mut times, begun) = (Vec::new(), Vec::new(), Instant::now());
    while begun.elapsed() < measured {
        let sent = Instant::now();
        connection.get_mut().write_all(request(SMALL).as_bytes())?;
        let length = head(&mut connection, &mut line)?;
        skip(&mut connection, length)?;
        times.push(sent.elapsed());
        std::thread::sleep(Duration::from_micros(200));
    }
    times.sort_unstable();
    Ok(times.get(times.len() * 99 / 100).copied().unwrap_or_default())
}
