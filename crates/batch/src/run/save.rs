//! Buying and saving, in one place.

use std::path::PathBuf;

use imagewire_transport::{Client, Delivered, Destination, Error, Kind, Outcome};
use imagewire_types::{CreateImageRequest, ImagesResponse};

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
    /// The folder failed before anything was sent.
    Folder(Error),
    /// It was bought and could be saved nowhere.
    Disk(Error),
}

/// Sends the request once, and saves what comes while it comes. When the destination fails after that, the images are in
/// the system's temporary folder: they are paid for.
pub(super) async fn fetch(
    client: &Client,
    request: &CreateImageRequest,
    destination: &Destination,
) -> Result<Fetched, Lost> {
    let error = match client.generate_to(request, destination).await {
        Ok(delivered) => return Ok(fetched(delivered, None, None)),
        Err(error) => error,
    };
    let is_disk = error.kind() == Kind::Io;
    match error.delivered().filter(|delivered| !delivered.files.is_empty()) {
        Some(delivered) if is_disk => Ok(fetched(delivered.clone(), None, Some(error))),
        Some(delivered) => Ok(fetched(delivered.clone(), Some(Failure::from(&error)), None)),
        None if is_disk && error.outcome() == Outcome::NotSent => Err(Lost::Folder(error)),
        None if is_disk => Err(Lost::Disk(error)),
        None => Err(Lost::Call(error)),
    }
}

fn fetched(delivered: Delivered, failure: Option<Failure>, disk: Option<Error>) -> Fetched {
    let paths = delivered.files.into_iter().map(|file| file.path).collect();
    Fetched { paths, response: delivered.response, failure, disk }
}
