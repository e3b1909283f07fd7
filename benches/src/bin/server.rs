//! The server of the benchmarks: answers that are made once and then only sent, by a thread for each connection.
//!
//! `POST /SHAPE/COUNTxBYTES/PACE/…`: `json` or `events`; so many images of so many bytes; `free`, or `paced` to 1 Gbit/s.
//! `GET /last` tells when the last byte of the last answer was due, in nanoseconds of the machine's clock.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use imagewire_benches::now;

/// So much leaves in a millisecond when the answer is paced: about 1 Gbit/s.
const STEP: usize = 128 << 10;
/// Pieces of a stream are as large as a record of TLS.
const PIECE: usize = 16 << 10;

type Answers = Mutex<HashMap<String, Arc<Vec<u8>>>>;

static LAST: AtomicU64 = AtomicU64::new(0);

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("a bound socket").port());
    let answers: Arc<Answers> = Arc::default();
    for stream in listener.incoming().flatten() {
        let answers = Arc::clone(&answers);
        // A client that is gone ends its thread.
        thread::spawn(move || serve(&stream, &answers));
    }
}

fn serve(stream: &TcpStream, answers: &Answers) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let mut request = String::new();
        let mut length = 0;
        loop {
            let start = request.len();
            if reader.read_line(&mut request).ok()? == 0 {
                return None;
            }
            let line = request[start..].trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).ok()?;
        let path = request.split(' ').nth(1)?;
        if path == "/last" {
            let body = LAST.load(Ordering::SeqCst).to_string();
            write!(writer, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
            continue;
        }
        let [shape, images, pace]: [&str; 3] = path.split('/').skip(1).take(3).collect::<Vec<_>>().try_into().ok()?;
        let answer = {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            let made = answers.entry(format!("{shape}/{images}"));
            Arc::clone(made.or_insert_with(|| Arc::new(answer(shape, images))))
        };
        if pace == "paced" {
            let (begin, begun) = (Instant::now(), now());
            for (step, piece) in (0..).zip(answer.chunks(STEP)) {
                let due = Duration::from_millis(step);
                thread::sleep(due.saturating_sub(begin.elapsed()));
                LAST.store(begun + step * 1_000_000, Ordering::SeqCst);
                writer.write_all(piece).ok()?;
            }
        } else {
            writer.write_all(&answer).ok()?;
            LAST.store(now(), Ordering::SeqCst);
        }
    }
}

/// Head and body.
fn answer(shape: &str, images: &str) -> Vec<u8> {
    let (count, bytes) = images.split_once('x').expect("COUNTxBYTES");
    let (count, bytes) = (count.parse().expect("a count"), bytes.parse().expect("a size"));
    let payloads = (0..count).map(|number| BASE64_STANDARD.encode(image(number, bytes)));
    let usage = r#""usage":{"total_tokens":5,"input_tokens":1,"output_tokens":4,"input_tokens_details":{"text_tokens":1,"image_tokens":0}}"#;
    if shape == "json" {
        let items: Vec<String> = payloads.map(|payload| format!(r#"{{"b64_json":"{payload}"}}"#)).collect();
        let body = format!(r#"{{"created":1795305600,"data":[{}],{usage}}}"#, items.join(","));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        return (head + &body).into_bytes();
    }
    let common = r#""created_at":1795305600,"size":"1024x1024","quality":"high","background":"opaque","output_format":"png""#;
    let mut body = String::new();
    for (number, payload) in (1..).zip(payloads) {
        let (name, rest) = if number == count {
            ("completed", usage.to_owned())
        } else {
            ("partial_image", format!(r#""partial_image_index":{}"#, number - 1))
        };
        body += &format!(
            "event: image_generation.{name}\ndata: {{\"type\":\"image_generation.{name}\",{common},{rest},\"b64_json\":\"{payload}\"}}\n\n"
        );
    }
    let mut answer =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in body.as_bytes().chunks(PIECE) {
        answer.extend(format!("{:x}\r\n", piece.len()).bytes());
        answer.extend(piece);
        answer.extend(b"\r\n");
    }
    answer.extend(b"0\r\n\r\n");
    answer
}

/// The head of a PNG and noise, so that nothing can be guessed or packed.
fn image(number: u32, bytes: usize) -> Vec<u8> {
    let mut image = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x04\0\x08\x02\0\0\0\0\0\0\0".to_vec();
    let mut state = u64::from(number) + 0x9e37_79b9_7f4a_7c15;
    while image.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        image.extend(state.to_le_bytes());
    }
    image.truncate(bytes);
    image
}
