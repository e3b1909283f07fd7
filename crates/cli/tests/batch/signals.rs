//! Ctrl-C, once and twice, and readers that go away.

use std::{
    io::Read as _,
    process::{Child, Command, Stdio},
};

use super::{Bench, Ran};

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

fn start(bench: &Bench, arguments: &[&str]) -> Child {
    let mut command = bench.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
}

fn wait_for_requests(bench: &Bench, count: u64) {
    while bench.requests() < count {
        std::thread::yield_now();
    }
}

#[test]
fn once_waits_for_what_is_under_way() {
    let bench = Bench::with_script("repeat = true\n[[step]]\nkind = \"latency\"\nmillis = 300\n");
    bench.items(20, "x");
    let child = start(&bench, &["--jobs", "3"]);
    wait_for_requests(&bench, 3);
    interrupt(&child);
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, bench.billed()), (Some(130), 3), "{ran:?}");
    let statuses = ran.statuses();
    assert_eq!(statuses.len(), 20);
    assert_eq!(statuses.values().filter(|status| *status == "done").count(), 3, "{statuses:?}");
    assert!(ran.stderr.contains("waiting for 3 under way"), "{}", ran.stderr);
    bench.emulator.scenario().clear();
    assert_eq!((bench.run(&["-q"]).code, bench.billed()), (Some(0), 20));
}

#[test]
fn twice_stops_at_once() {
    let bench = Bench::with_script("repeat = true\n[[step]]\nkind = \"latency\"\nmillis = 60000\n");
    bench.items(5, "x");
    let mut child = start(&bench, &["--jobs", "2"]);
    wait_for_requests(&bench, 2);
    interrupt(&child);
    // The first one has arrived when it is said to have.
    let mut text = Vec::new();
    let mut stderr = child.stderr.take().expect("a pipe");
    while !String::from_utf8_lossy(&text).contains("waiting for 2 under way") {
        let mut byte = [0];
        stderr.read_exact(&mut byte).expect("it says so");
        text.push(byte[0]);
    }
    interrupt(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("UTF-8");
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert_eq!(ran.statuses().values().filter(|status| *status == "unknown").count(), 2, "{ran:?}");
    assert!(rest.contains("unknown i1\n") && rest.contains("unknown i2\n"), "{rest}");
    assert_eq!(bench.requests(), 2);
}

#[test]
fn readers_that_go_away_do_not_end_the_batch() {
    let bench = Bench::new();
    bench.items(6, "x");
    let mut child = start(&bench, &["--jobs", "1"]);
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(bench.billed(), 6);
    bench.items(6, "y");
    // Closed from the start.
    let shell = format!("exec {} batch prompts.jsonl -o other >&- 2>&-", env!("CARGO_BIN_EXE_imagewire"));
    let mut command = Command::new("sh");
    command.args(["-c", &shell]);
    let status = bench.configured(command).status().expect("it runs");
    assert_eq!((status.code(), bench.billed()), (Some(0), 12));
}
