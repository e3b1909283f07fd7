//! async-openai, used as its documentation shows.

use async_openai::{
    Client,
    config::OpenAIConfig,
    types::images::{CreateImageRequestArgs, Image, ImageGenStreamEvent, ImageModel},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::StreamExt as _;
use imagewire_benches::{Job, Mode};

fn main() {
    let job = Job::from_args();
    let config = OpenAIConfig::new().with_api_key("sk-benchmark").with_api_base(&job.base);
    let client = Client::with_config(config);
    let (mode, folder) = (job.mode, job.folder.clone());
    job.run(move |number, meter| {
        let (client, folder) = (client.clone(), folder.clone());
        async move {
            let mut request = CreateImageRequestArgs::default();
            request.prompt("a corgi in a field").model(ImageModel::Other("gpt-image-1".to_owned()));
            match mode {
                Mode::Files => {
                    let request = request.build().expect("a request");
                    let response = client.images().generate(request).await.expect("an answer");
                    response.save(folder.join(number.to_string())).await.expect("files");
                }
                Mode::Memory => {
                    let request = request.build().expect("a request");
                    let response = client.images().generate(request).await.expect("an answer");
                    for image in &response.data {
                        let Image::B64Json { b64_json, .. } = &**image else { panic!("a link") };
                        std::hint::black_box(BASE64_STANDARD.decode(b64_json.as_str()).expect("base64"));
                    }
                }
                Mode::Events => {
                    let request = request.stream(true).partial_images(3).build().expect("a request");
                    let mut events = client.images().generate_stream(request).await.expect("a stream");
                    let mut seen = 0;
                    while let Some(event) = events.next().await {
                        let payload = match event.expect("an event") {
                            ImageGenStreamEvent::PartialImage(event) => event.b64_json,
                            ImageGenStreamEvent::Completed(event) => event.b64_json,
                        };
                        let image = BASE64_STANDARD.decode(payload).expect("base64");
                        std::fs::write(folder.join(format!("{number}-{seen}.png")), image).expect("a file");
                        meter.first_image();
                        seen += 1;
                    }
                }
            }
        }
    });
}
