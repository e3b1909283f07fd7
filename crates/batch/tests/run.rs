//! Runs as a library's caller meets them: caps on costs, panics, and what is told while they go on.

use imagewire_batch::{Batch, ErrorKind, Event, Item, Ledger, Report, State, Status, StopReason};
use imagewire_emulator::Emulator;
use imagewire_transport::{Client, Endpoint, Secret, operations};
use imagewire_types::CreateImageRequest;
use tempfile::TempDir;

const RESERVE: u64 = 40_000;

struct Bench {
    emulator: Emulator,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let emulator = Emulator::builder().start().await.expect("a port");
        Self { emulator, folder: TempDir::new().expect("a folder") }
    }

    fn batch(&self) -> Batch {
        let base_url = self.emulator.base_url("fastapi").expect("a service");
        let key = Secret::new("key").expect("a key");
        let endpoint = Endpoint::new(&operations::FASTAPI).base_url(base_url).credential(key);
        Batch::new(Client::new(endpoint).expect("a client"))
    }

    async fn run(&self, batch: &Batch, count: usize) -> Report {
        let ledger = Ledger::open(self.folder.path()).expect("a ledger");
        batch.run(ledger, items(count), |_| {}).await.expect("a run")
    }
}

fn items(count: usize) -> Vec<Item> {
    let item = |number| {
        let request = CreateImageRequest::new("a fox").model("dall-e-2").size("256x256");
        let mut item = Item::new(format!("i{number}"), request);
        item.reserve = Some(RESERVE);
        item
    };
    (1..=count).map(item).collect()
}

#[tokio::test]
async fn the_most_is_set_aside_and_what_it_cost_is_settled() {
    for jobs in [1, 3] {
        let bench = Bench::new().await;
        let dear = bench.batch().jobs(jobs).max_cost(100_000);
        let report = bench.run(&dear, 3).await;
        // Without a word on the cost, as much as was set aside.
        assert_eq!((report.done, report.pending, report.spent.cost), (2, 1, 80_000));
        assert!(matches!(report.stopped, Some(StopReason::Cap(_))));
        assert_eq!(bench.emulator.ledger().images(), 2);
        let report = bench.run(&dear, 3).await;
        assert_eq!((report.done, report.pending), (2, 1), "the cap holds over all runs");

        let bench = Bench::new().await;
        let cheap = bench.batch().jobs(jobs).max_cost(100_000).settle(|_, _| Some(10_000));
        let report = bench.run(&cheap, 6).await;
        assert_eq!((report.done, report.spent.cost, report.stopped.is_none()), (6, 60_000, true));
    }
}

#[tokio::test]
async fn a_cap_on_costs_needs_all_prices() {
    let bench = Bench::new().await;
    let mut items = items(2);
    items[1].reserve = None;
    let ledger = Ledger::open(bench.folder.path()).expect("a ledger");
    let error = bench.batch().max_cost(1_000_000).run(ledger, items, |_| {}).await.expect_err("no price");
    assert_eq!(error.kind(), ErrorKind::Item);
    assert_eq!(bench.emulator.ledger().requests(), 0);
}

#[tokio::test]
async fn a_panic_leaves_its_item_open_and_disturbs_no_other() {
    let bench = Bench::new().await;
    let batch = bench.batch().settle(|request, _| {
        assert_ne!(request.user.as_deref(), Some("bad"));
        None
    });
    let mut items = items(4);
    items[1].request.user = Some("bad".to_owned());
    let ledger = Ledger::open(bench.folder.path()).expect("a ledger");
    let report = batch.run(ledger, items.clone(), |_| {}).await.expect("a run");
    assert_eq!((report.done, report.unknown), (3, vec!["i2".to_owned()]));
    // The image was saved before, so the next run finishes it without buying anything.
    let ledger = Ledger::open(bench.folder.path()).expect("a ledger");
    assert!(matches!(ledger.get("i2").map(|entry| &entry.state), Some(State::Unknown(None))));
    let report = batch.run(ledger, items, |_| {}).await.expect("a run");
    assert_eq!((report.done, report.unknown.len(), bench.emulator.ledger().images()), (4, 0, 4));
}

#[tokio::test]
async fn every_item_has_one_event() {
    let bench = Bench::new().await;
    let mut told = Vec::new();
    let ledger = Ledger::open(bench.folder.path()).expect("a ledger");
    let batch = bench.batch().jobs(2).max_images(3);
    let run = batch.run(ledger, items(5), |event| {
        if let Event::Item(outcome) = event {
            told.push((outcome.id.clone(), outcome.status));
        }
    });
    run.await.expect("a run");
    told.sort();
    let done = told.iter().filter(|(_, status)| *status == Status::Done).count();
    assert_eq!((told.len(), done), (5, 3), "{told:?}");
    told.dedup_by(|one, other| one.0 == other.0);
    assert_eq!(told.len(), 5);
}

#[tokio::test]
async fn a_run_can_be_stopped_before_it_begins() {
    let bench = Bench::new().await;
    let batch = bench.batch();
    let stopper = batch.stopper();
    let ledger = Ledger::open(bench.folder.path()).expect("a ledger");
    let run = batch.run(ledger, items(3), |event| {
        if let Event::Begun { .. } = event {
            stopper.stop();
        }
    });
    let report = run.await.expect("a run");
    assert!(matches!(report.stopped, Some(StopReason::Interrupted)));
    assert_eq!(report.pending + report.done + report.unknown.len(), 3);
}
