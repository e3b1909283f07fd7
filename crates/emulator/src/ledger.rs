//! What a service would have billed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what arrived and what would have been billed, so that a test can say "bought once".
#[derive(Debug, Default)]
pub struct Ledger {
    requests: AtomicU64,
    generations: AtomicU64,
    images: AtomicU64,
}

impl Ledger {
    /// Requests for images that arrived whole, refused ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Requests that were accepted and would have been billed.
    pub fn generations(&self) -> u64 {
        self.generations.load(Ordering::SeqCst)
    }

    /// Images that would have been billed.
    pub fn images(&self) -> u64 {
        self.images.load(Ordering::SeqCst)
    }

    /// Notes an arrival and returns its number, counted from 1.
    pub(crate) fn arrived(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn accepted(&self, images: u32) {
        self.generations.fetch_add(1, Ordering::SeqCst);
        self.images.fetch_add(images.into(), Ordering::SeqCst);
    }
}
