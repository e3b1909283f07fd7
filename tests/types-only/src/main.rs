//! Builds a request and reads an answer with imagewire-types alone.

use imagewire_types::{CreateImageRequest, ImagesResponse, Model, operations};

fn main() -> Result<(), serde_json::Error> {
    let request = CreateImageRequest::new("a corgi in a field").model(Model::DALL_E_3).n(1);
    let operation = &operations::FASTAPI;
    println!("{} {}{}", operation.method, operation.server, operation.path);
    println!("{}", serde_json::to_string(&request)?);
    let answer: ImagesResponse = serde_json::from_str(r#"{"created":"1676540381","data":[{"url":"https://…"}]}"#)?;
    println!("{} image(s)", answer.data.len());
    Ok(())
}
