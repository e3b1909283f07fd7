//! What the records add up to.

use indexmap::IndexMap;

use super::record::{Failure, File, Received, Record};
use crate::Digest;

/// The items of a ledger, in the order in which they were first sent.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) entries: IndexMap<Box<str>, Entry>,
    pub(super) spent: Spent,
}

/// What is known about an item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The digest of the request's body and its service.
    pub content: Digest,
    /// The name of its files, without number and extension, where it is not the id itself.
    name: Option<Box<str>>,
    /// How many images it asked for.
    pub images: u32,
    /// How many of the attempts that an item has are used up.
    pub attempts: u32,
    /// Whether an earlier request for it may have been carried out, so that its fate stays open whatever becomes of
    /// later ones.
    pub is_doubtful: bool,
    /// What it cost or may have cost, in millionths of a dollar; `None` while nothing was bought or no price is known.
    pub cost: Option<u64>,
    /// Where it stands.
    pub state: State,
}

/// Where an item stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was bought; it can be sent.
    Pending,
    /// It may have been bought. Without a failure the process ended while it was under way.
    Unknown(Option<Box<Failure>>),
    /// Bought, on the disk, and not yet under its names.
    Received(Box<[Received]>),
    /// Bought, and in the folder.
    Done(Box<[File]>),
    /// Bought, as somebody found out; its images are not here.
    Bought,
    /// Not bought.
    Failed(Box<Failure>),
}

/// What a batch has used up of its caps: what was bought, and what may have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spent {
    /// Images.
    pub images: u64,
    /// Millionths of a dollar.
    pub cost: u64,
    /// Requests without a known price, which `cost` leaves out.
    pub unpriced: u64,
}

impl Entry {
    /// The name of its files, without number and extension.
    #[must_use]
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(id)
    }

    /// Whether something was bought or may have been, so that the request must not change any more.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        match self.state {
            State::Pending | State::Failed(_) => false,
            State::Unknown(_) | State::Received(_) | State::Done(_) | State::Bought => true,
        }
    }
}

impl Items {
    /// Takes a record in; an error when it does not follow from those before it.
    pub(super) fn apply(&mut self, record: Record<'_>) -> Result<(), &'static str> {
        let fresh = || "is about an item that was not sent";
        if let Record::Intent { item, content, name, images, reserve, time: _ } = record {
            let name = (*name != *item).then(|| Box::from(name.as_ref()));
            let earlier = self.entries.get(item.as_ref());
            if earlier.is_some_and(|entry| !entry.may_be_sent()) {
                return Err("sends an item again that is bought");
            }
            let same = earlier.filter(|entry| entry.content == content);
            let attempts = same.map_or(0, |entry| entry.attempts) + 1;
            let is_doubtful = earlier.is_some_and(|entry| matches!(entry.state, State::Unknown(_)));
            // The money of an earlier request whose fate is open stays where it is: that one may be billed as well.
            self.spent.add(images, reserve);
            let state = State::Unknown(None);
            let entry = Entry { content, name, images, attempts, is_doubtful, cost: reserve, state };
            self.entries.insert(item.into(), entry);
            return Ok(());
        }
        let entry = self.entries.get_mut(record.item()).ok_or_else(fresh)?;
        let open = matches!(entry.state, State::Unknown(_));
        match record {
            Record::Intent { .. } => {}
            Record::Received { files, cost, .. } if open => {
                if cost.is_some() {
                    self.spent.remove(0, entry.cost);
                    self.spent.add(0, cost);
                    entry.cost = cost;
                }
                entry.state = State::Received(files.into());
            }
            Record::Done { files, .. } if matches!(entry.state, State::Received(_)) => {
                entry.state = State::Done(files.into());
            }
            Record::Released { counts, .. } if open => {
                entry.attempts -= u32::from(!counts);
                entry.not_bought(&mut self.spent, State::Pending);
            }
            Record::Failed { failure, .. } if open => {
                entry.not_bought(&mut self.spent, State::Failed(failure.into()));
            }
            Record::Unknown { failure, .. } if open || matches!(entry.state, State::Received(_)) => {
                entry.state = State::Unknown(Some(failure.into()));
            }
            Record::Settled { bought: true, .. } if open => entry.state = State::Bought,
            Record::Settled { bought: false, .. } if open => {
                (entry.attempts, entry.is_doubtful) = (0, false);
                entry.not_bought(&mut self.spent, State::Pending);
            }
            Record::Received { .. }
            | Record::Done { .. }
            | Record::Released { .. }
            | Record::Failed { .. }
            | Record::Unknown { .. }
            | Record::Settled { .. } => return Err("does not follow from the lines before it"),
        }
        Ok(())
    }
}

impl Entry {
    fn may_be_sent(&self) -> bool {
        match self.state {
            State::Pending | State::Failed(_) | State::Unknown(_) => true,
            State::Received(_) | State::Done(_) | State::Bought => false,
        }
    }

    fn not_bought(&mut self, spent: &mut Spent, state: State) {
        spent.remove(self.images, self.cost);
        self.cost = None;
        self.state = match (self.is_doubtful, state) {
            (false, state) => state,
            (true, State::Failed(failure)) => State::Unknown(Some(failure)),
            (true, _) => State::Unknown(None),
        };
    }
}

impl Spent {
    pub(crate) fn add(&mut self, images: u32, cost: Option<u64>) {
        self.images += u64::from(images);
        self.cost = self.cost.saturating_add(cost.unwrap_or_default());
        self.unpriced += u64::from(cost.is_none());
    }

    pub(crate) fn remove(&mut self, images: u32, cost: Option<u64>) {
        self.images = self.images.saturating_sub(images.into());
        self.cost = self.cost.saturating_sub(cost.unwrap_or_default());
        self.unpriced = self.unpriced.saturating_sub(u64::from(cost.is_none()));
    }
}
