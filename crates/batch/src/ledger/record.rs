//! What the ledger says about an item, one record at a time.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The format of the ledger that this release writes.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Header {
    /// The version of the format.
    pub(super) imagewire_ledger: u32,
    /// Which batch it is: 64 hexadecimal digits, chosen when it began.
    pub(super) job: Digest,
}

/// Something that happened to an item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record<'a> {
    /// The request is about to be sent. Without any later record its fate is open.
    Intent {
        /// The item's id.
        #[serde(borrow)]
        item: Cow<'a, str>,
        /// The digest of the request's body and its service.
        content: Digest,
        /// The name of its files, without number and extension.
        name: Cow<'a, str>,
        /// How many images it asks for.
        images: u32,
        /// What it may cost at most, in millionths of a dollar, where that is known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reserve: Option<u64>,
        /// When, in seconds since 1970: for people who compare bills. The order of the lines is what counts.
        time: u64,
    },
    /// The images are on the disk, whole, and not yet under their names.
    Received {
        /// The item's id.
        #[serde(borrow)]
        item: Cow<'a, str>,
        /// The files.
        files: Vec<Received>,
        /// What it cost, in millionths of a dollar, where the service's figures say it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cost: Option<u64>,
    },
    /// The images are in the folder.
    Done {
        /// The item's id.
        #[serde(borrow)]
        item: Cow<'a, str>,
        /// The files.
        files: Vec<File>,
    },
    /// Nothing was bought, and the item can be tried again.
    Released {
        /// The item's id.
        #[serde(borrow)]
        item: Cow<'a, str>,
        /// Whether it counts as one of the attempts that an item has.
        counts: bool,
        /// The failure's kind.
        kind: Cow<'a, str>,
    },
    /// Nothing was bought, and the item will not be tried again by itself, unless that makes sense.
    Failed {
        /// The item's id.
        #[serde(borrow)]
        item: Cow<'a, str>,
        /// Why.
        failure: Failure,
    },
    /// The images may have been bought, and are not here.
    Unknown {
        /// The item's id.
        #[serde(borrow)]
        item: Cow<'a, str>,
        /// Why.
        failure: Failure,
    },
    /// Somebody looked into the matter.
    Settled {
        /// The item's id.
        #[serde(borrow)]
        item: Cow<'a, str>,
        /// Whether the images were bought; if not, the item can be tried again.
        bought: bool,
    },
}

/// A file that waits for its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Received {
    /// Where it is: a name in the staging folder, or an absolute path.
    pub from: Box<str>,
    /// The name that it gets.
    pub name: Box<str>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Digest,
}

/// An image of the batch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct File {
    /// Its name in the folder.
    pub name: Box<str>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Digest,
}

/// Why an item was not delivered.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failure {
    /// The kind, as [`imagewire_transport::Kind::as_str`] has it.
    pub kind: Box<str>,
    /// The service's code, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Box<str>>,
    /// A sentence for people. Never holds the prompt or the credential.
    pub message: Box<str>,
    /// Whether the same request may succeed later, without buying anything twice.
    pub retryable: bool,
    /// The HTTP status, if an answer came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub http_status: Option<u16>,
    /// The service's name for the exchange.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<Box<str>>,
    /// Links to images that were bought and could not be fetched. Each is as good as a key to its image.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub links: Vec<Box<str>>,
}

impl Record<'_> {
    /// The item that it is about.
    #[must_use]
    pub fn item(&self) -> &str {
        match self {
            Self::Intent { item, .. }
            | Self::Received { item, .. }
            | Self::Done { item, .. }
            | Self::Released { item, .. }
            | Self::Failed { item, .. }
            | Self::Unknown { item, .. }
            | Self::Settled { item, .. } => item,
        }
    }
}

/// Of links their number: a link is as good as a key.
impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Failure")
            .field("kind", &self.kind)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("retryable", &self.retryable)
            .field("http_status", &self.http_status)
            .field("request_id", &self.request_id)
            .field("links", &self.links.len())
            .finish()
    }
}

impl Failure {
    /// A failure of this machine, and final.
    pub(crate) fn local(kind: &str, message: &str) -> Self {
        Self {
            kind: kind.into(),
            code: None,
            message: message.into(),
            retryable: false,
            http_status: None,
            request_id: None,
            links: Vec::new(),
        }
    }
}

impl From<&imagewire_transport::Error> for Failure {
    fn from(error: &imagewire_transport::Error) -> Self {
        Self {
            kind: error.kind().as_str().into(),
            code: error.code().map(Into::into),
            message: error.to_string().into(),
            retryable: error.is_retryable(),
            http_status: error.status(),
            request_id: error.request_id().map(Into::into),
            links: error.links().into_iter().map(Into::into).collect(),
        }
    }
}
