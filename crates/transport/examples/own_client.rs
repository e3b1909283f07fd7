//! Images by another HTTP client: the core without I/O between hyper's pooled client and a folder.
//!
//! ```sh
//! imagewire emulate --listen 127.0.0.1:8080 &
//! FAST_API_KEY=any cargo run -p imagewire-transport --example own_client -- http://127.0.0.1:8080/v1 "a corgi in a field"
//! ```
//!
//! What `Client` does beside this is left to you: attempts ([`retry::decide`]), deadlines, limits, and links
//! ([`download::Links`]).
//!
//! [`retry::decide`]: imagewire_transport::retry::decide
//! [`download::Links`]: imagewire_transport::download::Links

use std::{env, error::Error, fs, io::Write as _};

use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use imagewire_transport::{
    Checking, Endpoint, Secret,
    decode::{self, Limits, Scanned, Scanner},
    http, operations,
};
use imagewire_types::CreateImageRequest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(base_url), Some(prompt)) = (arguments.next(), arguments.next()) else {
        return Err("usage: own_client BASE-URL PROMPT".into());
    };
    let key = Secret::new(env::var("FAST_API_KEY").map_err(|_| "set FAST_API_KEY; the emulator takes any")?)?;
    let endpoint = Endpoint::new(&operations::FASTAPI).base_url(base_url).credential(key);
    let request = CreateImageRequest::new(prompt).model("dall-e-3").response_format("b64_json");
    Checking::Enforce.judge(&endpoint, None, &request)?;

    let message = http::build(&endpoint, &request)?.map(Full::new);
    // It neither follows redirects nor repeats a request that the service has seen.
    let client: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (head, mut body) = client.request(message).await?.into_parts();

    // Of a failure the whole body matters.
    if !head.status.is_success() {
        let body = body.collect().await?.to_bytes();
        http::read(&endpoint, &request, head.status, &head.headers, &body)?;
        return Err("a failure that is none".into());
    }

    // The images of an answer are decoded while it arrives, each into a file without its name.
    let (mut scanner, mut files, mut file) = (Scanner::new(Limits::default()), Vec::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        let mut input = &chunk[..];
        while let Some(found) = scanner.feed(&mut input)? {
            match found {
                Scanned::Start { .. } => file = Some(tempfile::NamedTempFile::new_in(".")?),
                Scanned::Bytes(bytes) => {
                    if let Some(file) = &mut file {
                        file.write_all(bytes)?;
                    }
                }
                Scanned::End => files.extend(file.take()),
                Scanned::Broken(error) => return Err(error.into()),
            }
        }
    }
    let response = scanner.finish()?;
    for (number, file) in files.into_iter().enumerate() {
        let image = decode::sniff(&fs::read(file.path())?)?;
        let name = format!("image-{}.{}", number + 1, image.format.extension());
        file.persist_noclobber(&name)?;
        println!("{name}: {}x{}, made at {:?}", image.width, image.height, response.created);
    }
    Ok(())
}
