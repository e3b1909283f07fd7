//! The images of an answer.

use std::fmt;

use bytes::Bytes;
use imagewire_types::{Image, ImagesResponse};
use imagewire_validate::Finding;
use url::Url;

use crate::{
    Attempt, Error, Kind, Outcome,
    decode::{self, Format, Place},
    download,
    http::{Answer, MAY_BE_BILLED},
};

/// What a call bought.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Generated {
    /// The answer without its payloads: `b64_json` and `data:` links are taken out, other links are left in.
    pub response: ImagesResponse,
    /// The service's name for this exchange.
    pub request_id: Option<String>,
    /// The images, in the order of the answer. There may be fewer or more than were asked for.
    pub images: Vec<GeneratedImage>,
    /// What is known about the request, errors included when the checking only reports.
    pub findings: Vec<Finding>,
    /// The attempts that failed before. One with an open fate may have bought images as well.
    pub attempts: Vec<Attempt>,
}

/// One image.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct GeneratedImage {
    /// Its place in the answer's `data`, from 0.
    pub index: usize,
    /// The file's contents.
    pub bytes: Bytes,
    /// The format, judged by the bytes.
    pub format: Format,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The prompt that was really used, when the service rewrote it.
    pub revised_prompt: Option<String>,
}

/// An image of an answer before it is fetched and judged.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Payload {
    /// Its place in the answer's `data`, from 0.
    pub index: usize,
    /// Where its bytes are.
    pub source: Source,
    /// The prompt that was really used, when the service rewrote it.
    pub revised_prompt: Option<String>,
}

/// Where the bytes of an image are.
#[derive(Clone, PartialEq)]
pub enum Source {
    /// In the answer itself.
    Inline(Bytes),
    /// At this address. Fetch it without credentials: it may be another company's.
    Remote(Url),
}

impl Answer {
    /// Takes the payloads out of the answer: base64 is decoded, links are checked. `b64_json` wins over `url`; what has
    /// neither is passed over.
    pub fn take_payloads(&mut self) -> Vec<Result<Payload, Error>> {
        (0..self.response.data.len()).filter_map(|index| self.take_payload(index)).collect()
    }

    pub(crate) fn take_payload(&mut self, index: usize) -> Option<Result<Payload, Error>> {
        let revised_prompt = self.revised_prompt(index);
        let image = self.response.data.get_mut(index)?;
        let payload = image.b64_json.take().filter(|payload| !payload.as_str().is_empty());
        let source = match payload {
            None => link(image, index)?,
            Some(payload) => {
                let decoded = decode::base64(&payload, Place::Item(index)).map(Source::Inline);
                // Where the payload is broken, there may be a link that is good.
                decoded.or_else(|error| link(image, index).and_then(Result::ok).ok_or(error))
            }
        };
        Some(source.map(|source| Payload { index, source, revised_prompt }))
    }

    pub(crate) fn revised_prompt(&self, index: usize) -> Option<String> {
        let own = self.response.data.get(index).and_then(|image| image.revised_prompt.as_ref());
        own.or(self.response.revised_prompt.as_ref()).cloned()
    }

    /// The result of a call, once every payload was fetched or given up. With a `failure` it is that failure, and the
    /// images are in its [`Error::partial`].
    ///
    /// # Errors
    /// The `failure`.
    pub fn finish(self, images: Vec<GeneratedImage>, failure: Option<Error>) -> Result<Generated, Error> {
        let generated = Generated {
            response: self.response,
            request_id: self.request_id,
            images,
            findings: Vec::new(),
            attempts: Vec::new(),
        };
        match failure {
            None => Ok(generated),
            Some(error) => Err(error.with_request_id(generated.request_id.clone()).with_partial(generated)),
        }
    }
}

/// The link of an image; one that holds its own content is taken out.
fn link(image: &mut Image, index: usize) -> Option<Result<Source, Error>> {
    let url = image.url.as_deref().filter(|url| !url.is_empty())?;
    let source = download::source(url, &format!("data[{index}].url"));
    if decode::is_data_url(url) {
        image.url = None;
    }
    Some(source)
}

impl Payload {
    /// The image, from the bytes that [`Payload::source`] holds or leads to.
    ///
    /// # Errors
    /// [`Kind::Decode`] when the bytes are no image.
    pub fn into_image(self, bytes: Bytes) -> Result<GeneratedImage, Error> {
        let Self { index, source, revised_prompt } = self;
        let sniffed = decode::sniff(&bytes)
            .map_err(|error| no_image(index, matches!(source, Source::Inline(_)), error))?;
        let decode::Sniffed { format, width, height } = sniffed;
        Ok(GeneratedImage { index, bytes, format, width, height, revised_prompt })
    }
}

/// The image at that place is none.
pub(crate) fn no_image(index: usize, is_inline: bool, error: decode::NotAnImage) -> Error {
    let (outcome, place) =
        if is_inline { (Outcome::Unknown, "b64_json holds") } else { (Outcome::Done, "url leads to") };
    Error::new(Kind::Decode, outcome, format!("data[{index}].{place} no image: {error}"))
        .with_remedy(MAY_BE_BILLED)
}

impl fmt::Debug for Generated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Generated")
            .field("response", &self.response)
            .field("request_id", &self.request_id)
            .field("images", &self.images)
            .field("findings", &self.findings)
            .field("attempts", &self.attempts)
            .finish()
    }
}

/// Shows how many bytes there are, and that there is a revised prompt.
impl fmt::Debug for GeneratedImage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GeneratedImage")
            .field("index", &self.index)
            .field("bytes", &self.bytes.len())
            .field("format", &self.format)
            .field("width", &self.width)
            .field("height", &self.height)
            .field("revised_prompt", &self.revised_prompt.as_ref().map(|_| format_args!("(private)")))
            .finish()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Payload")
            .field("index", &self.index)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Of a link the host alone: the rest often is a signature.
impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(bytes) => write!(formatter, "Inline({} bytes)", bytes.len()),
            Self::Remote(url) => write!(formatter, "Remote({})", crate::endpoint::host(url)),
        }
    }
}
