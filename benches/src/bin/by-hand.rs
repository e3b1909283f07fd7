//! What one writes by hand with reqwest and serde.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use imagewire_benches::{Job, Mode};
use reqwest::Client;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Request {
    model: &'static str,
    prompt: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_images: Option<u32>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    b64_json: String,
}

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let job = Job::from_args();
    let client = Client::new();
    let (mode, folder) = (job.mode, job.folder.clone());
    let url = format!("{}/images/generations", job.base);
    job.run(move |number, meter| {
        let (client, folder, url) = (client.clone(), folder.clone(), url.clone());
        async move {
            let events = (mode == Mode::Events).then_some(());
            let request = Request {
                model: "gpt-image-1",
                prompt: "a corgi in a field",
                stream: events.map(|()| true),
                partial_images: events.map(|()| 3),
            };
            let response = client.post(url).bearer_auth("sk-benchmark").json(&request).send().await;
            let mut response = response.and_then(reqwest::Response::error_for_status).expect("an answer");
            let decode = |image: &Image| BASE64_STANDARD.decode(&image.b64_json).expect("base64");
            let path = |at: usize| folder.join(format!("{number}-{at}.png"));
            match mode {
                Mode::Files => {
                    let answer: Answer = response.json().await.expect("JSON");
                    for (at, image) in answer.data.iter().enumerate() {
                        std::fs::write(path(at), decode(image)).expect("a file");
                    }
                }
                Mode::Memory => {
                    let answer: Answer = response.json().await.expect("JSON");
                    answer.data.iter().for_each(|image| drop(std::hint::black_box(decode(image))));
                }
                Mode::Events => {
                    let (mut buffer, mut searched, mut seen) = (Vec::new(), 0, 0);
                    while let Some(piece) = response.chunk().await.expect("a piece") {
                        buffer.extend_from_slice(&piece);
                        while let Some(end) = buffer[searched..].windows(2).position(|pair| pair == b"\n\n") {
                            let event: Vec<u8> = buffer.drain(..searched + end + 2).collect();
                            searched = 0;
                            let data = event.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data: "));
                            let image = serde_json::from_slice(data.expect("data")).expect("JSON");
                            std::fs::write(path(seen), decode(&image)).expect("a file");
                            meter.first_image();
                            seen += 1;
                        }
                        searched = buffer.len().saturating_sub(1);
                    }
                }
            }
        }
    });
}
