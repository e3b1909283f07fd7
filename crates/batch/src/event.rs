//! What a run tells while it goes on, and at its end.

use std::{path::PathBuf, time::Duration};

use crate::{Entry, Error, Failure, File, Spent, State};

/// Something that happens in a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The ledger is read, and the sending begins.
    Begun {
        /// All items.
        items: usize,
        /// How many of them will be sent.
        to_send: usize,
    },
    /// An item came to its end for this run. Each item has exactly one such event.
    Item(&'a Outcome),
    /// An item will be sent again: nothing was bought.
    Again {
        /// The item.
        id: &'a str,
        /// Why.
        failure: &'a Failure,
    },
    /// Nobody sends anything for a while.
    Paused {
        /// Why.
        failure: &'a Failure,
        /// For how long.
        time: Duration,
    },
    /// Nothing new is sent any more, and what is under way is waited for.
    Draining {
        /// How many requests are under way.
        under_way: usize,
    },
}

/// What became of an item.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The item.
    pub id: String,
    /// What became of it.
    pub status: Status,
    /// Its files.
    pub files: Vec<File>,
    /// Images that had to be saved elsewhere, because the folder failed.
    pub rescued: Vec<PathBuf>,
    /// Why it was not delivered, or not in full.
    pub failure: Option<Failure>,
    /// Whether this was so before the run.
    pub is_earlier: bool,
    /// What it cost or may have cost, in millionths of a dollar, where that is known.
    pub cost: Option<u64>,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Its images are in the folder.
    Done,
    /// Some of its images are in the folder.
    Partial,
    /// It was bought before, and its files are not as they were or not there.
    Missing,
    /// It was not bought.
    Failed,
    /// It may have been bought.
    Unknown,
    /// It may have been bought, and the caller knows that.
    Skipped,
    /// It was not sent.
    Pending,
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many items there are.
    pub items: usize,
    /// How many are done, in this run or before.
    pub done: usize,
    /// How many of these were done before.
    pub earlier: usize,
    /// How many have some of their images.
    pub partial: usize,
    /// How many are missing.
    pub missing: usize,
    /// How many failed.
    pub failed: usize,
    /// How many were left alone, because the caller knows about them.
    pub skipped: usize,
    /// How many were not sent.
    pub pending: usize,
    /// The items that may have been bought and are not here, also those that the input no longer has.
    pub unknown: Vec<String>,
    /// Why the run ended before its end.
    pub stopped: Option<StopReason>,
    /// What was bought and what may have been, in all runs together.
    pub spent: Spent,
}

/// Why a run ended before all items were tried.
#[derive(Clone, Debug)]
pub enum StopReason {
    /// The caller wanted it to.
    Interrupted,
    /// A cap does not allow the next request; the sentence says which.
    Cap(String),
    /// Every other request would fail the same way: a matter of credentials, money or configuration.
    Refused(Failure),
    /// The service could not be reached, was overloaded or asked to wait for longer than the caller has patience.
    Patience(Failure),
    /// The folder or the ledger cannot be written to any more.
    Disk(Error),
}

impl Status {
    /// The status in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::Pending => "pending",
        }
    }
}

impl Outcome {
    pub(crate) fn new(id: &str, status: Status) -> Self {
        let id = id.to_owned();
        Self {
            id,
            status,
            files: Vec::new(),
            rescued: Vec::new(),
            failure: None,
            is_earlier: false,
            cost: None,
        }
    }

    /// What the ledger says.
    pub(crate) fn of(id: &str, entry: &Entry) -> Self {
        let outcome = |status| Self { cost: entry.cost, ..Self::new(id, status) };
        match &entry.state {
            State::Pending => outcome(Status::Pending),
            State::Unknown(failure) => {
                Self { failure: failure.as_deref().cloned(), ..outcome(Status::Unknown) }
            }
            State::Received(_) => outcome(Status::Unknown),
            State::Done(files) => {
                Self { files: files.to_vec(), ..outcome(status(files.len(), entry.images)) }
            }
            State::Bought => outcome(Status::Missing),
            State::Failed(failure) => Self { failure: Some((**failure).clone()), ..outcome(Status::Failed) },
        }
    }
}

/// Of an item that has so many of the images it asked for.
pub(crate) fn status(files: usize, images: u32) -> Status {
    if files < images as usize { Status::Partial } else { Status::Done }
}

impl Report {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        match outcome.status {
            Status::Done => {
                self.done += 1;
                self.earlier += usize::from(outcome.is_earlier);
            }
            Status::Partial => self.partial += 1,
            Status::Missing => self.missing += 1,
            Status::Failed => self.failed += 1,
            Status::Skipped => self.skipped += 1,
            Status::Pending => self.pending += 1,
            Status::Unknown => self.unknown.push(outcome.id.clone()),
        }
    }
}
