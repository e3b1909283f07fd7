//! A run: the items that can be sent are sent, so many at a time, within the caps.

mod gate;
mod job;
mod plan;
mod save;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use imagewire_transport::{Client, Policy};
use imagewire_types::{CreateImageRequest, ImagesResponse};
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::{Instant, sleep_until},
};

use crate::{
    Entry, Error, ErrorKind, Event, Failure, Item, Ledger, Outcome, Report, State, Status, StopReason,
    commit::Commits, event,
};
use gate::{Admission, Gate};
use job::{Ended, Job};
use plan::{Plan, Work};

/// How often an item is sent in one run at most, until [`Batch::attempts`] says otherwise. Throttling does not count.
const ATTEMPTS: u32 = 5;
/// How often an item is sent in all runs together at most, as a multiple of that.
const RUNS: u32 = 4;
/// How long a service may be unreachable, overloaded or throttling, until [`Batch::patience`] says otherwise.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long requests under way are waited for after an interruption.
const DRAIN: Duration = Duration::from_secs(30);

/// How a batch is run. The client sends each request once; repetitions are the batch's affair, since each needs an
/// intent in the ledger.
#[derive(Clone)]
pub struct Batch {
    client: Client,
    jobs: usize,
    on_unknown: OnUnknown,
    verify: bool,
    images_per_minute: Option<u32>,
    max_images: Option<u64>,
    max_cost: Option<u64>,
    attempts: u32,
    patience: Duration,
    drain: Duration,
    settle: Option<Settle>,
    stopper: Stopper,
}

/// Says what an answer cost, in millionths of a dollar.
type Settle = Arc<dyn Fn(&CreateImageRequest, &ImagesResponse) -> Option<u64> + Send + Sync>;

/// What becomes of items that may have been bought in an earlier run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// They are reported and left alone.
    #[default]
    Report,
    /// They are sent again: **they may be bought twice**.
    Retry,
    /// They are left alone, and the caller knows about them.
    Skip,
}

/// Ends a run from outside. Clones end the same run.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<u32>>);

impl Stopper {
    /// The first call ends the sending, and what is under way is waited for, 30 s at most. The second one ends the run at
    /// once: what is under way is unknown then.
    pub fn stop(&self) {
        self.0.send_modify(|calls| *calls += 1);
    }
}

impl Batch {
    /// One job at a time, without caps.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client: client.retry(Policy::never()),
            jobs: 1,
            on_unknown: OnUnknown::default(),
            verify: false,
            images_per_minute: None,
            max_images: None,
            max_cost: None,
            attempts: ATTEMPTS,
            patience: PATIENCE,
            drain: DRAIN,
            settle: None,
            stopper: Stopper(Arc::new(watch::Sender::new(0))),
        }
    }

    /// How many requests are under way at once, at least 1. Fewer while the service throttles.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// What becomes of items that may have been bought in an earlier run.
    #[must_use]
    pub fn on_unknown(mut self, on_unknown: OnUnknown) -> Self {
        self.on_unknown = on_unknown;
        self
    }

    /// Whether the files of items that are done are read and compared; otherwise their sizes are.
    #[must_use]
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// How many images may be asked for in a minute, at least 1.
    #[must_use]
    pub fn images_per_minute(mut self, images: u32) -> Self {
        self.images_per_minute = Some(images);
        self
    }

    /// How many images all runs together may buy, those included that may have been bought.
    #[must_use]
    pub fn max_images(mut self, images: u64) -> Self {
        self.max_images = Some(images);
        self
    }

    /// What all runs together may cost, in millionths of a dollar. Every item needs its [`Item::reserve`] then: as much
    /// is set aside before the request is sent, until [`Batch::settle`] says what it really cost.
    #[must_use]
    pub fn max_cost(mut self, cost: u64) -> Self {
        self.max_cost = Some(cost);
        self
    }

    /// How the cost of an answer is known, in millionths of a dollar.
    #[must_use]
    pub fn settle(
        mut self,
        settle: impl Fn(&CreateImageRequest, &ImagesResponse) -> Option<u64> + Send + Sync + 'static,
    ) -> Self {
        self.settle = Some(Arc::new(settle));
        self
    }

    /// How often an item is sent in one run at most, when nothing is bought; at least 1, and 5 by default. All runs
    /// together send it four times as often. Refusals for the moment (HTTP 429) do not count.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long the service may be unreachable, overloaded or throttling, without a single success, before the run ends;
    /// 10 minutes by default. Nothing is lost: the next run goes on.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What ends the run from outside.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Runs the batch, on a tokio runtime.
    ///
    /// Each item has exactly one [`Event::Item`]. Failures of items are in there and in the ledger.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`] when an item that may have been bought is another one now, [`ErrorKind::Item`] when an item
    /// has no known price although there is a cap, [`ErrorKind::Io`] when the folder cannot be used. Nothing was sent
    /// then. Later failures of the disk are in [`Report::stopped`].
    pub async fn run(
        &self,
        mut ledger: Ledger,
        items: Vec<Item>,
        mut on_event: impl FnMut(Event<'_>),
    ) -> Result<Report, Error> {
        let mut stop = self.stopper.0.subscribe();
        if *stop.borrow() > 0 {
            stop.mark_changed();
        }
        self.require_prices(&items)?;
        let Plan { mut work, settled } = plan::plan(&mut ledger, &items, self)?;
        on_event(Event::Begun { items: items.len(), to_send: work.len() });
        let mut report = Report { items: items.len(), ..Report::default() };
        for outcome in settled {
            report.count(&outcome);
            on_event(Event::Item(&outcome));
        }
        let folder = ledger.folder().clone();
        let mut gate = Gate::new(self, ledger.spent());
        let (commits, writer) = Commits::begin(ledger);
        let shared = Arc::new(job::Shared { batch: self.clone(), folder, commits, items });
        let mut jobs: JoinSet<Ended> = JoinSet::new();
        let mut under_way: Vec<(Id, Work)> = Vec::new();
        let mut drained: Option<Instant> = None;

        loop {
            let mut wake = None;
            while gate.stopped.is_none() && jobs.len() < gate.width() {
                let Some(next) = work.pop(Instant::now()) else {
                    wake = work.next_due();
                    break;
                };
                let item = &shared.items[next.item];
                match gate.admit(item, jobs.is_empty()) {
                    Admission::Go => {
                        let job = Job { shared: Arc::clone(&shared), work: next.clone() };
                        under_way.push((jobs.spawn(job.run()).id(), next));
                    }
                    Admission::At(time) => {
                        work.put_back(next);
                        wake = Some(time);
                        break;
                    }
                    Admission::Later => {
                        work.put_back(next);
                        break;
                    }
                }
            }
            if jobs.is_empty() && (gate.stopped.is_some() || work.is_empty()) {
                break;
            }
            tokio::select! {
                biased;
                Ok(()) = stop.changed() => {
                    let calls = *stop.borrow_and_update();
                    gate.stop(StopReason::Interrupted);
                    on_event(Event::Draining { under_way: jobs.len() });
                    drained.get_or_insert(Instant::now() + self.drain);
                    if calls > 1 {
                        break;
                    }
                }
                Some(ended) = jobs.join_next_with_id() => {
                    let id = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(id, _)| *id);
                    let Some(at) = under_way.iter().position(|(known, _)| *known == id) else { continue };
                    let (_, this) = under_way.swap_remove(at);
                    // A job that panicked leaves its intent in the ledger.
                    let ended = ended.map_or_else(|_| Ended::Unknown(job::panicked()), |(_, ended)| ended);
                    let item = &shared.items[this.item];
                    let wait = gate.learn(item, &ended, this.attempt);
                    if let Some(outcome) = conclude(item, ended, this, wait, &mut work, &mut gate, &mut on_event) {
                        report.count(&outcome);
                        on_event(Event::Item(&outcome));
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
                () = sleep_until(drained.unwrap_or_else(Instant::now)), if drained.is_some() => break,
            }
        }
        jobs.abort_all();
        while jobs.join_next().await.is_some() {}
        for outcome in left(&shared.items, under_way, work) {
            report.count(&outcome);
            on_event(Event::Item(&outcome));
        }
        report.stopped = gate.stopped.take();
        let listed: BTreeSet<String> = shared.items.iter().map(|item| item.id.clone()).collect();
        drop(shared);
        let ledger = writer.end().await?;
        // Money is a matter of all items, also of those that the input no longer has.
        let is_open = |entry: &Entry| matches!(entry.state, State::Unknown(_) | State::Received(_));
        let open = ledger.iter().filter(|(id, entry)| is_open(entry) && !listed.contains(*id));
        report.unknown.extend(open.map(|(id, _)| id.to_owned()));
        report.spent = ledger.spent();
        ledger.folder().close_staging();
        Ok(report)
    }

    /// A cap on costs holds only where all prices are known.
    fn require_prices(&self, items: &[Item]) -> Result<(), Error> {
        let unpriced = items.iter().find(|item| item.reserve.is_none());
        let (Some(_), Some(item)) = (self.max_cost, unpriced) else { return Ok(()) };
        let message = format!(
            "the price of {:?} is not known, so no cap on costs can hold; cap the number of images instead",
            item.id
        );
        Err(Error::new(ErrorKind::Item, message))
    }
}

/// The items that have not come to an end when a run does.
fn left(items: &[Item], under_way: Vec<(Id, Work)>, work: plan::Queue) -> Vec<Outcome> {
    let outcome = |item: usize, status| Outcome::new(&items[item].id, status);
    // The intent is in the ledger, and nobody waits for the answer any more.
    let open = under_way.into_iter().map(|(_, work)| Outcome {
        failure: Some(job::interrupted()),
        ..outcome(work.item, Status::Unknown)
    });
    open.chain(work.into_items().into_iter().map(|item| outcome(item, Status::Pending))).collect()
}

/// What a finished job means for its item; `None` when it is to be sent again.
fn conclude(
    item: &Item,
    ended: Ended,
    this: Work,
    wait: Duration,
    work: &mut plan::Queue,
    gate: &mut Gate,
    on_event: &mut impl FnMut(Event<'_>),
) -> Option<Outcome> {
    let failed =
        |status, failure: Failure| Outcome { failure: Some(failure), ..Outcome::new(&item.id, status) };
    match ended {
        Ended::Done { files, cost, failure } => {
            let status = event::status(files.len(), item.images());
            Some(Outcome { files, failure, cost, ..Outcome::new(&item.id, status) })
        }
        Ended::Failed(failure) => Some(failed(Status::Failed, failure)),
        Ended::Unknown(failure) => Some(failed(Status::Unknown, failure)),
        Ended::Throttled { failure, .. } => {
            on_event(Event::Paused { failure: &failure, time: wait });
            work.put_back(this);
            None
        }
        Ended::Again { failure, .. } => {
            on_event(Event::Again { id: &item.id, failure: &failure });
            work.delay(Work { attempt: this.attempt + 1, ..this }, wait);
            None
        }
        Ended::Stop(failure) => {
            gate.stop(StopReason::Refused(failure));
            work.put_back(this);
            None
        }
        Ended::Disk { error, rescued, is_bought } => {
            gate.stop(StopReason::Disk(error));
            if !is_bought {
                work.put_back(this);
                return None;
            }
            Some(Outcome { rescued, ..failed(Status::Unknown, job::unsaved()) })
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Batch")
            .field("client", &self.client)
            .field("jobs", &self.jobs)
            .field("on_unknown", &self.on_unknown)
            .field("max_images", &self.max_images)
            .field("max_cost", &self.max_cost)
            .finish_non_exhaustive()
    }
}
