//! The law of memory: what a client needs does not grow with the images that it receives. Each size is received by a
//! process of its own, which reports the most memory that it ever had.
#![cfg(all(feature = "reqwest", target_os = "linux"))]

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    thread,
    time::Duration,
};

use imagewire_transport::{Checking, Client, Destination, Endpoint, operations};
use imagewire_types::{Base64, CreateImageRequest};

/// Set to receive 400 MB as well.
const DEEP: &str = "IMAGEWIRE_MEMORY_DEEP";
/// Where the process finds the server.
const ADDRESS: &str = "IMAGEWIRE_MEMORY_ADDRESS";
/// Images of three million bytes each in base64, four million characters.
const SIZES: [usize; 3] = [1, 10, 100];
const ROUNDS: usize = 5;

fn receive(stream: &mut TcpStream) -> usize {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).expect("a request");
        assert_ne!(count, 0);
        bytes.extend_from_slice(&piece[..count]);
    }
    let body = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a body") + 4;
    let request: CreateImageRequest = serde_json::from_slice(&bytes[body..]).expect("JSON");
    request.prompt.parse().expect("a number of images")
}

/// Answers with as many images as the prompt says, each sent from the same text; with none, with a small one.
fn serve(listener: &TcpListener) {
    let small = Base64::encode(b"GIF89a\x03\0\x02\0\0\0\0;");
    let large = Base64::encode([&b"GIF89a\x03\0\x02\0\0\0\0;"[..], &vec![7; 3_000_000 - 14]].concat());
    while let Ok((mut stream, _)) = listener.accept() {
        let count = receive(&mut stream);
        let (payload, count) = if count == 0 { (&small, 1) } else { (&large, count) };
        let (open, close) = ("{\"b64_json\":\"", "\"}");
        let item = open.len() + payload.as_str().len() + close.len();
        let length = "{\"data\":[]}".len() + count * item + count - 1;
        let mut send = |text: &str| stream.write_all(text.as_bytes()).expect("a client that listens");
        send(&format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        ));
        send("{\"data\":[");
        for index in 0..count {
            send(if index == 0 { "" } else { "," });
            send(open);
            send(payload.as_str());
            send(close);
        }
        send("]}");
    }
}

/// The peak of a process that receives so many images, in KiB.
fn peak(address: SocketAddr, images: usize, manner: Manner) -> u64 {
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(ADDRESS, format!("{address} {images} {manner:?}"))
        .output()
        .expect("a child");
    let text = String::from_utf8_lossy(&output.stdout);
    let peak = text.lines().find_map(|line| line.split_once("peak=")?.1.trim().parse().ok());
    peak.unwrap_or_else(|| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)))
}

/// Whether the exchange is recorded as well.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Plain,
    Recorded,
}

#[test]
fn memory_does_not_grow_with_the_images() {
    law(Manner::Plain);
}

#[test]
fn memory_does_not_grow_with_what_is_recorded() {
    law(Manner::Recorded);
}

fn law(manner: Manner) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    thread::spawn(move || serve(&listener));
    let deep = env::var_os(DEEP).is_some();
    let sizes = &SIZES[..if deep { 3 } else { 2 }];
    // Two runs of one program differ by some hundred KiB, so the least of several counts; often the first ones will do.
    let (mut small, mut peaks) = (u64::MAX, vec![u64::MAX; sizes.len()]);
    for _ in 0..ROUNDS {
        small = small.min(peak(address, 0, manner));
        for (least, images) in peaks.iter_mut().zip(sizes) {
            *least = peak(address, *images, manner).min(*least);
        }
        println!("a small answer: {small} KiB; {sizes:?} images of 4 MB: {peaks:?} KiB");
        if holds(small, &peaks) {
            return;
        }
    }
    panic!("memory grows: {small} KiB, then {peaks:?} KiB");
}

/// In KiB: one MiB more than for a small answer, and the same whatever the size.
fn holds(small: u64, peaks: &[u64]) -> bool {
    let (least, most) = (peaks.iter().min().expect("some"), peaks.iter().max().expect("some"));
    most.saturating_sub(small) <= 1024 && most - least <= 256
}

#[test]
#[ignore = "needs the environment that another test runs it in"]
fn child() {
    let Ok(order) = env::var(ADDRESS) else { return };
    let [address, images, manner] = order.split(' ').collect::<Vec<_>>().try_into().expect("three words");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    runtime.block_on(async {
        let endpoint = Endpoint::new(&operations::FASTAPI).base_url(format!("http://{address}/v1"));
        let client = Client::new(endpoint).expect("a client").checking(Checking::Off);
        let client = client.max_answer_bytes(1 << 30).body_idle_timeout(Duration::from_secs(60));
        let client = match manner {
            "Recorded" => client.save_bundles(folder.path().join("bundles")),
            _ => client,
        };
        let destination = Destination::directory(folder.path()).sync(false);
        let request = CreateImageRequest::new(images);
        let delivered = client.generate_to(&request, &destination).await.expect("images");
        assert_eq!(delivered.files.len(), images.parse().unwrap_or(1).max(1));
    });
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    println!("peak={}", peak.trim().trim_end_matches("kB"));
}
