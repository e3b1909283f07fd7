//! One request: sent, and its images saved.

use std::{io::Write as _, path::PathBuf};

use imagewire_transport::{
    Attempt, Client, Delivered, Destination, Error, GeneratedImage, Kind, Outcome, Saved,
};
use imagewire_types::{CreateImageRequest, ImagesResponse};

use super::{
    bundles::{Bundles, Told},
    name,
    picture::{Contents, Picture},
};
use crate::{
    failure::Failure,
    progress::{Reporter, Step},
};

/// What became of one request.
#[derive(Debug)]
pub(super) struct Purchase {
    /// Which request, from 0.
    pub(super) number: usize,
    pub(super) response: Option<ImagesResponse>,
    pub(super) request_id: Option<String>,
    /// The images that are saved, wherever.
    pub(super) pictures: Vec<Picture>,
    /// The image itself, for stdout.
    pub(super) raw: Vec<GeneratedImage>,
    pub(super) attempts: Vec<Attempt>,
    /// Where the exchanges were recorded.
    pub(super) bundles: Vec<PathBuf>,
    /// In which ways the images are not what was asked for.
    pub(super) mismatches: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) failure: Option<Failed>,
}

/// Why not everything came or was saved.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) outcome: Outcome,
    /// Whether the images are saved all the same, elsewhere.
    pub(super) is_rescued: bool,
}

impl Purchase {
    fn empty(number: usize) -> Self {
        Self {
            number,
            response: None,
            request_id: None,
            pictures: Vec::new(),
            raw: Vec::new(),
            attempts: Vec::new(),
            bundles: Vec::new(),
            mismatches: Vec::new(),
            warnings: Vec::new(),
            failure: None,
        }
    }

    /// The user ended the command.
    pub(super) fn interrupted(number: usize, was_sent: bool) -> Self {
        let (failure, outcome) = if was_sent {
            (Failure::interrupted(), Outcome::Unknown)
        } else {
            (Failure::other("interrupted before it was sent"), Outcome::NotSent)
        };
        Self { failure: Some(Failed { failure, outcome, is_rescued: false }), ..Self::empty(number) }
    }

    /// Something went wrong after the images were saved.
    pub(super) fn fail_after(&mut self, message: String) {
        let failure = Failure::after_purchase(message);
        self.failure = Some(Failed { failure, outcome: Outcome::Done, is_rescued: true });
    }

    fn delivered(mut self, delivered: Delivered, request: &CreateImageRequest) -> Self {
        self.mismatches = delivered.audit(request).iter().map(ToString::to_string).collect();
        for file in delivered.files {
            if file.extension_replaced {
                let (format, extension) = (file.format, file.format.extension());
                self.warnings.push(format!("the image is {format}, so its name ends in .{extension}"));
            }
            let contents = Contents::read(&file.path, file.format);
            if let Err(error) = &contents {
                self.warnings.push(format!("{} cannot be read again: {error}", file.path.display()));
            }
            self.pictures.push(Picture {
                request: self.number,
                index: file.index,
                path: file.path,
                format: file.format,
                width: file.width,
                height: file.height,
                bytes: file.bytes,
                revised_prompt: file.revised_prompt,
                contents: contents.ok(),
            });
        }
        self.response = Some(delivered.response);
        self.request_id = delivered.request_id;
        self.attempts = delivered.attempts;
        self
    }

    /// How many images came.
    pub(super) fn images(&self) -> usize {
        self.pictures.len().max(self.raw.len())
    }
}

/// Without a destination the images stay in memory.
pub(super) async fn buy(
    client: &Client,
    number: usize,
    request: &CreateImageRequest,
    destination: Option<&Destination>,
    reporter: &Reporter,
) -> Purchase {
    let bundles = Bundles::default();
    let client = client.clone().observe(bundles.beside(reporter.observer()));
    let mut purchase = match destination {
        Some(destination) => to_files(&client, number, request, destination).await,
        None => to_memory(&client, number, request).await,
    };
    let Told { saved, troubles } = bundles.take();
    purchase.bundles = saved;
    purchase
        .warnings
        .extend(troubles.iter().map(|trouble| format!("the exchange is not recorded: {trouble}")));
    reporter.tell(Step::Ended { ok: purchase.failure.is_none() });
    purchase
}

async fn to_files(
    client: &Client,
    number: usize,
    request: &CreateImageRequest,
    destination: &Destination,
) -> Purchase {
    match client.generate_to(request, destination).await {
        Ok(delivered) => Purchase::empty(number).delivered(delivered, request),
        Err(error) => {
            let is_saving = error.kind() == Kind::Io && error.outcome() == Outcome::Done;
            let mut failed = Failed::new(&error);
            failed.is_rescued =
                is_saving && error.delivered().is_some_and(|delivered| !delivered.files.is_empty());
            if let Some(images) = error.partial().filter(|_| is_saving).map(|partial| &partial.images) {
                (failed.failure, failed.is_rescued) = rescued(failed.failure, images);
            }
            let purchase = Purchase {
                attempts: error.attempts().to_vec(),
                request_id: error.request_id().map(str::to_owned),
                ..Purchase::empty(number)
            };
            let purchase = match error.into_delivered() {
                Some(delivered) => purchase.delivered(delivered, request),
                None => purchase,
            };
            Purchase { failure: Some(failed), ..purchase }
        }
    }
}

async fn to_memory(client: &Client, number: usize, request: &CreateImageRequest) -> Purchase {
    match client.generate(request).await {
        Ok(generated) => Purchase {
            mismatches: generated.audit(request).iter().map(ToString::to_string).collect(),
            response: Some(generated.response),
            request_id: generated.request_id,
            raw: generated.images,
            attempts: generated.attempts,
            ..Purchase::empty(number)
        },
        Err(error) => Purchase {
            attempts: error.attempts().to_vec(),
            request_id: error.request_id().map(str::to_owned),
            failure: Some(Failed::new(&error)),
            response: error.partial().map(|partial| partial.response.clone()),
            raw: error.into_partial().map(|partial| partial.images).unwrap_or_default(),
            ..Purchase::empty(number)
        },
    }
}

impl Failed {
    fn new(error: &Error) -> Self {
        let failure = keep_links(Failure::transport(error), &error.links());
        Self { failure, outcome: error.outcome(), is_rescued: false }
    }
}

/// Keeps links to images that were bought and could not be fetched: in a file that nobody else may read, since a link is as
/// good as a key.
fn keep_links(mut failure: Failure, links: &[&str]) -> Failure {
    if links.is_empty() {
        return failure;
    }
    failure.attach("links", serde_json::json!(links));
    let stem = format!("imagewire-{}-", name::unique());
    let kept = tempfile::Builder::new().prefix(&stem).suffix(".links").tempfile().and_then(|mut file| {
        links.iter().try_for_each(|link| writeln!(file, "{link}"))?;
        Ok(file.keep()?.1)
    });
    match kept {
        Ok(path) => failure.line(format!("its link, which may soon expire, is kept in {}", path.display())),
        // It is in the output of --json all the same.
        Err(_) => failure,
    }
}

/// Saves images in the system's temporary folder, where they do not get lost, and says so.
pub(super) fn rescued(failure: Failure, images: &[GeneratedImage]) -> (Failure, bool) {
    let stem = format!("imagewire-{}", name::unique());
    match Destination::directory(std::env::temp_dir()).stem(stem).save(images) {
        Ok(saved) => {
            let told = |failure: Failure, saved: &Saved| {
                failure.line(format!("saved {} instead", saved.path.display()))
            };
            (saved.iter().fold(failure, told), true)
        }
        Err(_) => (failure.line("the temporary folder takes it neither: the image is lost"), false),
    }
}
