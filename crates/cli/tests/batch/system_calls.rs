//! Killed after every single synchronisation and renaming, or refused by the disk there: by strace, where there is one.
//! Longer: `IMAGEWIRE_CALLS=20 cargo test -p imagewire --test batch system_calls -- --nocapture`.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use super::{Bench, setting, visible};

/// What makes things last: after each of them the state on the disk is another.
const CALLS: &str =
    "fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,rmdir,ftruncate";

/// What strace runs.
const BATCH: [&str; 8] =
    [env!("CARGO_BIN_EXE_imagewire"), "batch", "prompts.jsonl", "-o", "out", "-q", "--jobs", "1"];

/// Runs the batch until the `number`th such call of all its threads has returned to it, and kills it there, while
/// strace holds the thread back. `None` without a usable strace; otherwise whether there was such a call.
fn kill(bench: &Bench, number: usize) -> Option<bool> {
    let mut command = Command::new("strace");
    command.args([
        "-f",
        "-qq",
        "-e",
        &format!("trace={CALLS}"),
        "-e",
        &format!("inject={CALLS}:delay_exit=5000"),
    ]);
    command.args(BATCH);
    let mut child = bench.configured(command).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()?;
    let calls = BufReader::new(child.stderr.take()?).lines().map_while(Result::ok);
    // A call that another thread's interrupts has two lines; one of them has its result.
    let mut calls = calls.filter(|line| line.ends_with("(DELAYED)"));
    let was_there = calls.nth(number - 1).is_some();
    let traced = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
    for pid in traced.split_whitespace().filter(|_| was_there) {
        let _ = Command::new("kill").args(["-KILL", pid]).status();
    }
    calls.for_each(drop);
    let status = child.wait().ok()?;
    // strace's own failures end with 1; a batch on the emulator never does.
    (status.code() != Some(1)).then_some(was_there)
}

/// Lets a call fail when a thread makes it for the `number`th time. `None` without a usable strace; otherwise whether the
/// batch noticed.
fn fail(bench: &Bench, call: &str, what: &str, number: usize) -> Option<bool> {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:{what}:when={number}")]);
    command.args(BATCH);
    let status = bench.configured(command).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    // strace's own failures end with 1; a batch on the emulator never does.
    (status.code() != Some(1)).then_some(status.code() != Some(0))
}

/// For each number until a run is not disturbed any more: strike, finish, and look at the money. Gives the strikes and
/// the items that ended as unknown.
fn everywhere(
    name: &str,
    items: usize,
    strike: impl Fn(&Bench, usize) -> Option<bool>,
) -> Option<(usize, usize)> {
    let bench = Bench::new();
    let (mut strikes, mut unknowns) = (0, 0);
    for number in 1..10_000 {
        let _ = fs::remove_dir_all(bench.out());
        let place = format!("{name} {number}");
        let listed = bench.items(items, &place);
        if !strike(&bench, number)? {
            break;
        }
        strikes += 1;
        let unknown = finish(&bench, &place, &listed);
        assert!(unknown <= 1, "{place}");
        unknowns += unknown;
    }
    Some((strikes, unknowns))
}

fn finish(bench: &Bench, place: &str, items: &[(String, [u8; 32])]) -> usize {
    let ran = bench.run(&["-q"]);
    let (statuses, bills) = (ran.statuses(), bench.bills());
    let mut unknown = 0;
    for (id, digest) in items {
        let billed = bills.get(digest).copied().unwrap_or_default();
        match statuses[id].as_str() {
            "done" => assert_eq!(billed, 1, "{place}, {id}: {ran:?}"),
            "unknown" => {
                assert!(billed <= 1, "{place}, {id}: {ran:?}");
                unknown += 1;
            }
            other => panic!("{place}: {id} is {other}: {ran:?}"),
        }
    }
    let names = visible(&bench.out());
    assert_eq!(names.len(), items.len() - unknown, "{place}: {names:?}");
    for name in names {
        assert!(imagesize::size(bench.out().join(name)).is_ok(), "{place}");
    }
    unknown
}

fn report(name: &str, struck: Option<(usize, usize)>) {
    match struck {
        Some((strikes, unknown)) => println!("{name}: {strikes} strikes, {unknown} items unknown"),
        None => println!("skipped: no strace that may trace"),
    }
}

#[test]
fn killed_after_every_synchronisation_and_renaming() {
    let items = setting("IMAGEWIRE_CALLS", 2);
    report("kill", everywhere("kill", items, kill));
}

#[test]
fn refused_at_every_synchronisation_and_renaming() {
    let items = setting("IMAGEWIRE_CALLS", 2);
    for call in ["fsync", "fdatasync", "renameat2"] {
        for what in ["error=EIO", "error=ENOSPC"] {
            let name = format!("{call} {what}");
            report(&name, everywhere(&name, items, |bench, number| fail(bench, call, what, number)));
        }
    }
}
