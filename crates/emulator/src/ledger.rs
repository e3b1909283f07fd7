//! What a service would have billed.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use imagewire_types::UnixTime;
use serde::Serialize;

/// So many entries are kept; the totals count all.
const KEPT: usize = 100_000;

/// Counts what arrived and what would have been billed, so that a test can say "bought once".
///
/// The totals are exact for as long as the emulator runs; of the entries the last 100,000 are kept.
#[derive(Debug, Default)]
pub struct Ledger {
    requests: AtomicU64,
    generations: AtomicU64,
    images: AtomicU64,
    entries: Mutex<VecDeque<Entry>>,
}

/// A request that would have been billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The number of the request among all that arrived, counted from 1.
    pub number: u64,
    /// The service.
    pub dialect: &'static str,
    /// The model that draws, as far as it is known.
    pub model: String,
    /// How many images are billed.
    pub images: u32,
    /// The SHA-256 of the request's body, as hexadecimal digits.
    #[serde(serialize_with = "hexadecimal")]
    pub digest: [u8; 32],
    /// The request's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// When it was accepted.
    pub time: UnixTime,
}

fn hexadecimal<S: serde::Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Hexadecimal(digest))
}

struct Hexadecimal<'a>(&'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl Ledger {
    /// Requests for images that arrived, refused ones included.
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

    /// The last 100,000 requests that would have been billed, the oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The last `count` entries, the oldest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().skip(entries.len().saturating_sub(count)).cloned().collect()
    }

    /// Notes an arrival and returns its number, counted from 1.
    pub(crate) fn arrived(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn accepted(&self, entry: Entry) {
        // Under one lock, so that nobody reads an entry that no total counts.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        self.generations.fetch_add(1, Ordering::SeqCst);
        self.images.fetch_add(entry.images.into(), Ordering::SeqCst);
        if entries.len() >= KEPT {
            entries.pop_front();
        }
        entries.push_back(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> Entry {
        Entry {
            number,
            dialect: "fastapi",
            model: String::new(),
            images: 3,
            digest: [0xab; 32],
            idempotency_key: None,
            time: UnixTime(0),
        }
    }

    #[test]
    fn totals_stay_exact_when_entries_are_forgotten() {
        let ledger = Ledger::default();
        let kept = u64::try_from(KEPT).expect("a number");
        for number in 1..=kept + 5 {
            ledger.accepted(entry(number));
        }
        assert_eq!((ledger.generations(), ledger.images()), (kept + 5, 3 * (kept + 5)));
        let entries = ledger.entries();
        assert_eq!((entries.len(), entries[0].number), (KEPT, 6));
        assert_eq!(
            ledger.latest(2).iter().map(|entry| entry.number).collect::<Vec<_>>(),
            [kept + 4, kept + 5]
        );
    }

    #[test]
    fn digests_are_written_as_hexadecimal_digits() {
        let json = serde_json::to_value(entry(1)).expect("JSON");
        assert_eq!(json["digest"], "ab".repeat(32));
    }
}
