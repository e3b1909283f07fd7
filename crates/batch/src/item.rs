//! What a batch consists of.

use imagewire_types::CreateImageRequest;

use crate::Digest;

/// One request of a batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// What it is called, in the ledger and in the names of its files. No two items of a batch have the same.
    pub id: String,
    /// The request.
    pub request: CreateImageRequest,
    /// Where it was read, for messages: `line 3`.
    pub place: String,
    /// Its position in what was read, from 1: the order of items and faults.
    pub(crate) position: u64,
    /// What it may cost at most, in millionths of a dollar, where that is known; see
    /// [`Batch::max_cost`](crate::Batch::max_cost).
    pub reserve: Option<u64>,
}

impl Item {
    /// An item without a known price.
    #[must_use]
    pub fn new(id: impl Into<String>, request: CreateImageRequest) -> Self {
        Self { id: id.into(), request, place: String::new(), position: 0, reserve: None }
    }

    /// How many images it asks for.
    #[must_use]
    pub fn images(&self) -> u32 {
        self.request.n.unwrap_or(1)
    }

    /// By what a later run knows that it is still the same: the service and the body of the request.
    pub(crate) fn content(&self, dialect: &str) -> Digest {
        content(&self.request, dialect)
    }
}

pub(crate) fn content(request: &CreateImageRequest, dialect: &str) -> Digest {
    let mut text = format!("{dialect}\0").into_bytes();
    // Writing a request to memory does not fail; if it did, sending it would, too.
    text.extend(serde_json::to_vec(request).unwrap_or_default());
    Digest::of(&text)
}
