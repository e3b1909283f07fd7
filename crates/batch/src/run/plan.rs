//! What is to be sent: found out from the input, the ledger and the folder before anything is.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{Batch, OnUnknown, RUNS};
use crate::{Digest, Entry, Error, ErrorKind, Item, Ledger, Outcome, State, Status, name::Names, recover};

pub(super) struct Plan {
    pub(super) work: Queue,
    /// What is not to be sent.
    pub(super) settled: Vec<Outcome>,
}

/// An item that is to be sent.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Its place among the items.
    pub(super) item: usize,
    /// The name of its files.
    pub(super) name: String,
    /// The number of its attempt in this run, from 1.
    pub(super) attempt: u32,
}

/// Work that waits: in order, or for its time.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ready: VecDeque<Work>,
    delayed: Vec<(Instant, Work)>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.ready.len() + self.delayed.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next item: one whose time has come, else the first one in order.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Work> {
        match self.delayed.iter().position(|(due, _)| *due <= now) {
            Some(at) => Some(self.delayed.swap_remove(at).1),
            None => self.ready.pop_front(),
        }
    }

    /// When the next delayed item is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.delayed.iter().map(|(due, _)| *due).min()
    }

    pub(super) fn put_back(&mut self, work: Work) {
        self.ready.push_front(work);
    }

    pub(super) fn delay(&mut self, work: Work, time: Duration) {
        self.delayed.push((Instant::now() + time, work));
    }

    /// The items that were not sent, in order.
    pub(super) fn into_items(self) -> Vec<usize> {
        let mut items: Vec<usize> = self
            .ready
            .into_iter()
            .chain(self.delayed.into_iter().map(|(_, work)| work))
            .map(|work| work.item)
            .collect();
        items.sort_unstable();
        items
    }
}

pub(super) fn plan(ledger: &mut Ledger, items: &[Item], batch: &Batch) -> Result<Plan, Error> {
    let dialect = batch.client.endpoint().operation().dialect;
    refuse_changes(ledger, items, dialect)?;
    let mut names = Names::default();
    ledger.iter().for_each(|(id, entry)| names.take(entry.name(id).to_owned()));
    ledger.folder().names()?.into_iter().for_each(|name| names.take(name));
    let mut plan = Plan { work: Queue::default(), settled: Vec::new() };
    for (at, item) in items.iter().enumerate() {
        let Some(entry) = ledger.get(&item.id) else {
            let name = names.give(&item.id);
            plan.work.ready.push_back(Work { item: at, name, attempt: 1 });
            continue;
        };
        if matches!(entry.state, State::Unknown(_) | State::Received(_)) {
            recover::finish(ledger, &item.id, false)?;
        }
        let Some(entry) = ledger.get(&item.id) else { continue };
        if is_to_be_sent(entry, item.content(dialect), batch) {
            let name = entry.name(&item.id).to_owned();
            plan.work.ready.push_back(Work { item: at, name, attempt: 1 });
        } else {
            plan.settled.push(settled(ledger, &item.id, entry, batch));
        }
    }
    Ok(plan)
}

/// What was bought under an id must not pass for something else.
fn refuse_changes(ledger: &Ledger, items: &[Item], dialect: &str) -> Result<(), Error> {
    let changed = items.iter().filter(|item| {
        ledger.get(&item.id).is_some_and(|entry| entry.is_fixed() && entry.content != item.content(dialect))
    });
    let changed: Vec<String> = changed.map(|item| format!("{:?} ({})", item.id, item.place)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let shown = changed.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    let more = if changed.len() > 10 { format!(" and {} more", changed.len() - 10) } else { String::new() };
    Err(Error::new(
        ErrorKind::Changed,
        format!(
            "the request or the service is another than when the item was bought: {shown}{more}. Give changed items a \
             new id, or use another folder; nothing was sent"
        ),
    ))
}

fn is_to_be_sent(entry: &Entry, content: Digest, batch: &Batch) -> bool {
    match &entry.state {
        // Nothing was bought, and somebody has changed the request: it is a new one.
        State::Pending | State::Failed(_) if entry.content != content => true,
        State::Pending => entry.attempts < batch.attempts.saturating_mul(RUNS),
        State::Failed(failure) => failure.retryable && entry.attempts < batch.attempts.saturating_mul(RUNS),
        State::Unknown(_) => batch.on_unknown == OnUnknown::Retry,
        State::Received(_) | State::Done(_) | State::Bought => false,
    }
}

fn settled(ledger: &Ledger, id: &str, entry: &Entry, batch: &Batch) -> Outcome {
    let mut outcome = Outcome { is_earlier: true, ..Outcome::of(id, entry) };
    match &entry.state {
        State::Unknown(_) if batch.on_unknown == OnUnknown::Skip => outcome.status = Status::Skipped,
        State::Done(files) if !files.iter().all(|file| ledger.folder().holds(file, batch.verify)) => {
            outcome.status = Status::Missing;
        }
        // So many attempts in all, and still nothing.
        State::Pending => outcome.status = Status::Failed,
        State::Unknown(_) | State::Done(_) | State::Received(_) | State::Bought | State::Failed(_) => {}
    }
    outcome
}
