//! Buying and saving, in one place.

use std::{env, path::PathBuf, process};

use imagewire_transport::{Client, Destination, Error, GeneratedImage};
use imagewire_types::{CreateImageRequest, ImagesResponse};

use super::job::blocking;
use crate::Failure;

/// What was bought and is on the disk.
pub(super) struct Fetched {
    /// The files, in order.
    pub(super) paths: Vec<PathBuf>,
    /// The answer without its payloads.
    pub(super) response: ImagesResponse,
    /// Why there are fewer than there could be.
    pub(super) failure: Option<Failure>,
    /// Why the files are elsewhere.
    pub(super) disk: Option<Error>,
}

/// Why nothing is on the disk.
pub(super) enum Lost {
    /// The call failed.
    Call(Error),
    /// It was bought and could be saved nowhere.
    Disk(Error),
}

/// Sends the request once, and saves what comes. When the destination fails the images go to the system's temporary
/// folder: they are paid for.
pub(super) async fn fetch(
    client: &Client,
    request: &CreateImageRequest,
    destination: Destination,
    name: &str,
) -> Result<Fetched, Lost> {
    let (generated, failure) = match client.generate(request).await {
        Ok(generated) => (generated, None),
        Err(error) if error.partial().is_none_or(|partial| partial.images.is_empty()) => {
            return Err(Lost::Call(error));
        }
        Err(error) => {
            let failure = Failure::from(&error);
            let Some(generated) = error.into_partial() else { unreachable!("it was looked at above") };
            (generated, Some(failure))
        }
    };
    let (images, response) = (generated.images, generated.response);
    let elsewhere =
        Destination::directory(env::temp_dir()).stem(format!("imagewire-{name}-{}", process::id()));
    let saved = blocking(move || save(&destination, &elsewhere, &images)).await;
    let (paths, disk) = saved.map_err(Lost::Disk)?;
    Ok(Fetched { paths, response, failure, disk })
}

type Saved = (Vec<PathBuf>, Option<Error>);

fn save(
    destination: &Destination,
    elsewhere: &Destination,
    images: &[GeneratedImage],
) -> Result<Saved, Error> {
    let save = |destination: &Destination| {
        let saved = destination.save(images)?;
        Ok(saved.into_iter().map(|saved| saved.path).collect())
    };
    match save(destination) {
        Ok(paths) => Ok((paths, None)),
        Err(error) => match save(elsewhere) {
            Ok(paths) => Ok((paths, Some(error))),
            Err::<_, Error>(_) => Err(error),
        },
    }
}
