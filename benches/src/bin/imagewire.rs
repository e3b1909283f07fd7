//! imagewire, used as its documentation shows.

use imagewire_benches::{Job, Mode};
use imagewire_transport::{Checking, Client, Destination, Endpoint, Progress, Secret, operations};
use imagewire_types::CreateImageRequest;

fn main() {
    let job = Job::from_args();
    let endpoint = Endpoint::new(&operations::FASTAPI)
        .base_url(&job.base)
        .credential(Secret::new("sk-benchmark").expect("a usable key"));
    let client = Client::new(endpoint).expect("a client").max_answer_bytes(1 << 30);
    let (mode, folder) = (job.mode, job.folder.clone());
    job.run(move |number, meter| {
        let (client, folder) = (client.clone(), folder.clone());
        async move {
            let request = CreateImageRequest::new("a corgi in a field").model("gpt-image-1");
            // As the peers do: whether the disk is waited for is measured by nobody here.
            let folder = || Destination::directory(folder).stem(number.to_string()).sync(false);
            match mode {
                Mode::Files => drop(client.generate_to(&request, &folder()).await.expect("files")),
                Mode::Memory => drop(std::hint::black_box(client.generate(&request).await.expect("an answer"))),
                Mode::Events => {
                    let client = client.checking(Checking::Off).observe(move |progress| {
                        if let Progress::Partial { .. } = progress {
                            meter.first_image();
                        }
                    });
                    let request = request.stream(true).partial_images(3);
                    client.generate_to(&request, &folder().keep_partials(true)).await.expect("files");
                }
            }
        }
    });
}
