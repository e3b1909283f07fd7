//! imagewire, used as its documentation shows.

use imagewire_benches::{Job, Mode};
use imagewire_transport::{Client, Destination, Endpoint, Secret, operations};
use imagewire_types::CreateImageRequest;

fn main() {
    let job = Job::from_args();
    let endpoint = Endpoint::new(&operations::FASTAPI)
        .base_url(&job.base)
        .credential(Secret::new("sk-benchmark").expect("a usable key"));
    let client = Client::new(endpoint).expect("a client").max_answer_bytes(1 << 30);
    let (mode, folder) = (job.mode, job.folder.clone());
    job.run(move |number, _meter| {
        let (client, folder) = (client.clone(), folder.clone());
        async move {
            let request = CreateImageRequest::new("a corgi in a field").model("gpt-image-1");
            match mode {
                Mode::Files => {
                    let generated = client.generate(&request).await.expect("an answer");
                    let folder = Destination::directory(folder).stem(number.to_string());
                    folder.save(&generated.images).expect("files");
                }
                Mode::Memory => drop(std::hint::black_box(client.generate(&request).await.expect("an answer"))),
                Mode::Events => unimplemented!(),
            }
        }
    });
}
