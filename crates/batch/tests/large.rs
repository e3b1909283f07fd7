//! A ledger of a million lines: `cargo test --release -p imagewire-batch --test large -- --ignored --nocapture`.

use std::{fs, time::Instant};

use imagewire_batch::{Digest, File, Ledger, Received, Record, State};
use tempfile::TempDir;

fn write(folder: &TempDir, items: usize, records: fn(&str) -> Vec<Record<'static>>) {
    let mut ledger = Ledger::open(folder.path()).expect("a ledger");
    for group in (0..items).collect::<Vec<_>>().chunks(10_000) {
        let records = group.iter().flat_map(|number| records(&format!("item-{number:07}")));
        ledger.append(records.collect()).expect("written");
    }
}

fn life(id: &str) -> Vec<Record<'static>> {
    let (sha256, item) = (Digest::of(id.as_bytes()), || id.to_owned().into());
    let (name, bytes) = (format!("{id}.png"), 3_000_000);
    let received = Received { from: format!(".{name}").into(), name: name.clone().into(), bytes, sha256 };
    vec![
        Record::Intent {
            item: item(),
            content: sha256,
            name: item(),
            images: 1,
            reserve: Some(40_000),
            time: 1_795_000_000,
        },
        Record::Received { item: item(), files: vec![received], cost: Some(40_000) },
        Record::Done { item: item(), files: vec![File { name: name.into(), bytes, sha256 }] },
    ]
}

fn intent(id: &str) -> Vec<Record<'static>> {
    life(id).drain(..1).collect()
}

/// What this process holds in memory now, in MiB; Linux alone tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

#[test]
#[ignore = "writes 400 MB"]
fn a_million_lines_open_quickly_and_take_little() {
    for (what, items, lines, records) in [
        ("333,333 items that are done", 333_333, 999_999, life as fn(&str) -> _),
        ("1,000,000 items under way", 1_000_000, 1_000_000, intent),
        ("1,000,000 items that are done", 1_000_000, 3_000_000, life),
    ] {
        let folder = TempDir::new().expect("a folder");
        write(&folder, items, records);
        let size = fs::metadata(folder.path().join(".imagewire-ledger.jsonl")).expect("a ledger").len() >> 20;
        let begun = Instant::now();
        let ledger = Ledger::read(folder.path()).expect("a ledger");
        let (time, memory) = (begun.elapsed(), resident());
        println!("{what}, {lines} lines, {size} MiB: {time:.2?}, {memory:?} MiB resident");
        assert_eq!(ledger.len(), items);
        let is_done = |state: &State| matches!(state, State::Done(_));
        assert!(ledger.iter().all(|(_, entry)| is_done(&entry.state) == (lines != items)));
        // Three lines an item: a million finished items are three ledgers of a million lines.
        let budget = if lines > 1_000_000 { 3 * 300 } else { 300 };
        assert!(memory.is_none_or(|memory| memory < budget), "{memory:?} MiB");
    }
}
