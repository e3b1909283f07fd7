use std::fs;

use tempfile::TempDir;

use super::*;

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn intent(item: &str) -> Record<'static> {
    Record::Intent {
        item: item.to_owned().into(),
        content: digest(item),
        name: item.to_owned().into(),
        images: 1,
        reserve: Some(40_000),
        time: 1,
    }
}

fn received(item: &str) -> Record<'static> {
    let file = Received {
        from: format!(".{item}.png").into(),
        name: format!("{item}.png").into(),
        bytes: 3,
        sha256: digest("x"),
    };
    Record::Received { item: item.to_owned().into(), files: vec![file], cost: Some(30_000) }
}

fn done(item: &str) -> Record<'static> {
    let file = File { name: format!("{item}.png").into(), bytes: 3, sha256: digest("x") };
    Record::Done { item: item.to_owned().into(), files: vec![file] }
}

fn failure(kind: &str) -> Failure {
    let message = "It failed: \"no\"\n".into();
    Failure { message, retryable: true, ..Failure::local(kind, "") }
}

fn unknown(item: &str) -> Record<'static> {
    Record::Unknown { item: item.to_owned().into(), failure: failure("timeout") }
}

fn failed(item: &str) -> Record<'static> {
    Record::Failed { item: item.to_owned().into(), failure: failure("server") }
}

/// One of each.
fn story() -> Vec<Record<'static>> {
    vec![
        intent("a"),
        intent("b"),
        received("a"),
        done("a"),
        unknown("b"),
        intent("c"),
        Record::Released { item: "c".into(), counts: true, kind: "connect".into() },
        intent("c"),
        failed("c"),
        intent("d"),
        Record::Settled { item: "b".into(), bought: false },
        Record::Settled { item: "d".into(), bought: true },
        intent("e"),
    ]
}

fn written(folder: &TempDir, records: Vec<Record<'static>>) -> Vec<u8> {
    let mut ledger = Ledger::open(folder.path()).unwrap();
    ledger.append(records).unwrap();
    fs::read(folder.path().join(".imagewire-ledger.jsonl")).unwrap()
}

/// What a ledger of these bytes says.
fn read(bytes: &[u8]) -> Result<Vec<(String, Entry)>, Error> {
    let mut reader =
        Reader { path: Path::new("ledger"), chain: Chain::default(), line: 0, end: 0, is_open: false };
    let (_, items) = reader.read(bytes)?;
    Ok(items.entries.into_iter().map(|(id, entry)| (id.into(), entry)).collect())
}

/// How many lines end in these bytes.
fn lines_before(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

fn states(ledger: &Ledger) -> Vec<(String, Entry)> {
    ledger.iter().map(|(id, entry)| (id.to_owned(), entry.clone())).collect()
}

#[test]
fn what_is_written_is_read() {
    let folder = TempDir::new().unwrap();
    written(&folder, story());
    let ledger = Ledger::read(folder.path()).unwrap();
    let states: Vec<&State> = ledger.iter().map(|(_, entry)| &entry.state).collect();
    assert!(matches!(
        states[..],
        [State::Done(_), State::Pending, State::Failed(_), State::Bought, State::Unknown(None)]
    ));
    assert_eq!(ledger.get("c").map(|entry| entry.attempts), Some(2));
    // a at what it cost; d and e at what was set aside for them.
    assert_eq!(ledger.spent(), Spent { images: 3, cost: 110_000, unpriced: 0 });
}

#[test]
fn a_ledger_that_is_cut_anywhere_says_what_was_so_before() {
    let folder = TempDir::new().unwrap();
    let whole = written(&folder, story());
    let path = folder.path().join(".imagewire-ledger.jsonl");
    let mut prefixes = vec![Vec::new()];
    for count in 1..=story().len() {
        let folder = TempDir::new().unwrap();
        written(&folder, story().into_iter().take(count).collect());
        prefixes.push(states(&Ledger::read(folder.path()).unwrap()));
    }
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for end in 0..=whole.len() {
        if end < header {
            assert_eq!(read(&whole[..end]).unwrap_err().kind(), ErrorKind::Damaged, "{end}");
            continue;
        }
        // A line that lacks its line feed alone is whole.
        let lines = lines_before(&whole[..end]);
        let is_whole = whole.get(end) == Some(&b'\n');
        let expected = &prefixes[lines + usize::from(is_whole) - 1];
        assert_eq!(read(&whole[..end]).unwrap(), *expected, "{end}");
        // And it goes on from there. Synchronising takes its time, so not everywhere.
        if end % 89 != 0 && whole.get(end) != Some(&b'\n') {
            continue;
        }
        fs::write(&path, &whole[..end]).unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        ledger.append(vec![intent("z")]).unwrap();
        drop(ledger);
        let ledger = Ledger::read(folder.path()).unwrap();
        assert_eq!((ledger.len(), ledger.get("z").is_some()), (expected.len() + 1, true), "{end}");
    }
}

#[test]
fn no_change_of_a_byte_passes() {
    let folder = TempDir::new().unwrap();
    let whole = written(&folder, story());
    let expected = read(&whole).unwrap();
    for at in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80, whole[at] ^ b'\n', whole[at]] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            if flip == 0 || changed == whole {
                continue;
            }
            match read(&changed) {
                Err(error) => {
                    let line = lines_before(&whole[..at]) + 1;
                    assert_eq!(error.kind(), ErrorKind::Damaged);
                    assert!(error.to_string().contains(&format!("line {line}:")), "{at}: {error}");
                }
                // The last line feed became a zero, as at the end of a file that was made longer.
                Ok(states) => assert_eq!(states, expected, "{at} {flip:#x}"),
            }
        }
    }
}

#[test]
fn lost_doubled_and_moved_lines_are_found() {
    let folder = TempDir::new().unwrap();
    let whole = String::from_utf8(written(&folder, story())).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let path = folder.path().join(".imagewire-ledger.jsonl");
    for at in 1..lines.len() - 1 {
        let (mut lost, mut doubled, mut moved) = (lines.clone(), lines.clone(), lines.clone());
        lost.remove(at);
        doubled.insert(at, lines[at]);
        moved.swap(at, at + 1);
        for changed in [lost, doubled, moved] {
            fs::write(&path, changed.concat()).unwrap();
            assert_eq!(Ledger::read(folder.path()).unwrap_err().kind(), ErrorKind::Damaged, "{at}");
        }
    }
}

#[test]
fn a_ledger_has_one_writer_and_any_number_of_readers() {
    let folder = TempDir::new().unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    let error = Ledger::open(folder.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(Ledger::read(folder.path()).unwrap().is_empty());
    assert_eq!(Ledger::running(folder.path()), Some(std::process::id()));
    drop(ledger);
    assert_eq!(Ledger::running(folder.path()), None);
    assert!(Ledger::open(folder.path()).is_ok());
}

#[test]
fn newer_formats_strange_files_and_links_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(".imagewire-ledger.jsonl");
    assert_eq!(Ledger::read(folder.path()).unwrap_err().kind(), ErrorKind::NoLedger);
    let header = format!("{{\"imagewire_ledger\":2,\"job\":\"{}\"}}", digest("x"));
    let mut text = Vec::new();
    Chain::default().write(header.as_bytes(), &mut text);
    fs::write(&path, &text).unwrap();
    assert_eq!(Ledger::open(folder.path()).unwrap_err().kind(), ErrorKind::Version);
    for strange in ["", "{}\n", "hello"] {
        fs::write(&path, strange).unwrap();
        assert_eq!(Ledger::open(folder.path()).unwrap_err().kind(), ErrorKind::Damaged, "{strange}");
    }
    #[cfg(unix)]
    {
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        assert_eq!(Ledger::open(folder.path()).unwrap_err().kind(), ErrorKind::Io);
    }
}

#[test]
fn what_may_have_been_bought_once_stays_open_whatever_becomes_of_a_repetition() {
    let folder = TempDir::new().unwrap();
    written(&folder, vec![intent("a"), unknown("a"), intent("a"), failed("a")]);
    let ledger = Ledger::read(folder.path()).unwrap();
    let entry = ledger.get("a").unwrap();
    assert!(matches!(entry.state, State::Unknown(Some(_))) && entry.is_doubtful);
    assert_eq!(ledger.spent(), Spent { images: 1, cost: 40_000, unpriced: 0 }, "the first one's");
}

#[test]
fn records_that_make_no_sense_are_not_believed() {
    for records in [
        vec![done("a")],
        vec![intent("a"), done("a")],
        vec![intent("a"), received("a"), done("a"), intent("a")],
        vec![intent("a"), received("a"), failed("a")],
    ] {
        let folder = TempDir::new().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        assert_eq!(ledger.append(records).unwrap_err().kind(), ErrorKind::Damaged);
        assert!(ledger.append(vec![intent("z")]).is_err(), "nothing follows a mistake");
        drop(ledger);
        assert_eq!(Ledger::read(folder.path()).unwrap_err().kind(), ErrorKind::Damaged);
    }
}

#[test]
fn nothing_is_written_to_a_ledger_that_was_taken_away() {
    let folder = TempDir::new().unwrap();
    let batch = folder.path().join("batch");
    let mut ledger = Ledger::open(&batch).unwrap();
    fs::remove_dir_all(&batch).unwrap();
    assert_eq!(ledger.append(vec![intent("a")]).unwrap_err().kind(), ErrorKind::Io);
    fs::create_dir(&batch).unwrap();
    assert_eq!(ledger.append(vec![intent("a")]).unwrap_err().kind(), ErrorKind::Io);
}
