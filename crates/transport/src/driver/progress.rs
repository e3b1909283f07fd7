//! What a call tells while it is under way.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::Kind;

/// How far a call is. Nothing in it is private, except that paths may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The request goes out.
    Sending {
        /// Which request of the call it is, from 1.
        attempt: u32,
    },
    /// The head of an answer came.
    Answering {
        /// Its HTTP status.
        status: u16,
        /// The size of the answer in bytes, if it is known.
        length: Option<u64>,
        /// Whether it is a stream of events.
        streams: bool,
    },
    /// More of the answer came.
    Received {
        /// How many bytes came in all.
        bytes: u64,
    },
    /// An unfinished image of a stream came.
    Partial {
        /// Its number, from 0.
        number: u32,
        /// Its size in bytes.
        bytes: u64,
        /// Where it is kept, if it is.
        path: Option<PathBuf>,
    },
    /// An image came whole.
    Image {
        /// Its place in the answer's `data`, from 0.
        index: usize,
        /// Its size in bytes.
        bytes: u64,
    },
    /// More of an image that came as a link was downloaded.
    Downloading {
        /// Its place in the answer's `data`, from 0.
        index: usize,
        /// How many bytes came in all.
        bytes: u64,
    },
    /// A file has its name.
    Saved {
        /// The image's place in the answer's `data`, from 0.
        index: usize,
        /// Its absolute path.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The exchange is saved as a bundle.
    Recorded {
        /// The bundle's absolute path.
        path: PathBuf,
    },
    /// The exchange was to be saved as a bundle, and is not. Nothing else is the matter with it.
    Unrecorded {
        /// Why, with paths.
        reason: String,
    },
    /// A failed request will be sent again.
    Waiting {
        /// The time until then.
        after: Duration,
        /// Why it failed.
        reason: Kind,
    },
}

/// Whom it is told to, if anyone.
#[derive(Clone, Default)]
pub(super) struct Observer(Option<Arc<Tell>>);

type Tell = dyn Fn(&Progress) + Send + Sync;

impl Observer {
    pub(super) fn new(observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observer)))
    }

    #[cfg(test)]
    pub(super) const fn nobody() -> Self {
        Self(None)
    }

    pub(super) fn tell(&self, progress: impl FnOnce() -> Progress) {
        if let Some(observer) = &self.0 {
            observer(&progress());
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Observer" } else { "Nobody" })
    }
}
