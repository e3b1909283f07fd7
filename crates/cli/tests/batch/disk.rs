//! Disks and folders that fail: before anything is bought, or while it is.

use std::{fs, path::Path, process::Command};

use imagewire_emulator::Scenario;

use super::{Bench, Ran, visible};

#[test]
fn a_folder_that_cannot_be_written_to_costs_nothing() {
    let bench = Bench::new();
    bench.items(2, "x");
    fs::write(bench.path("file"), "x").expect("written");
    // The system's own folders refuse root as well.
    for folder in ["/proc/imagewire", "file", "file/out"] {
        let ran =
            Ran::of(bench.bare().args(["batch", "prompts.jsonl", "-o", folder]).output().expect("it runs"));
        assert_eq!((ran.code, bench.requests()), (Some(2), 0), "{ran:?}");
        assert!(ran.stderr.contains(folder), "{}", ran.stderr);
    }
}

#[test]
fn two_processes_do_not_share_a_batch() {
    let bench = Bench::with_script("repeat = true\n[[step]]\nkind = \"latency\"\nmillis = 60000\n");
    bench.items(4, "x");
    let mut first = bench.command(&["-q"]).spawn().expect("it runs");
    while bench.requests() == 0 {
        std::thread::yield_now();
    }
    let second = bench.run(&[]);
    assert_eq!(second.code, Some(2), "{second:?}");
    assert!(second.stderr.contains(&format!("(process {})", first.id())), "{}", second.stderr);
    let status = Ran::of(bench.bare().args(["batch", "status", "out"]).output().expect("it runs"));
    assert!(status.stdout.contains(&format!("running as process {}", first.id())), "{status:?}");
    assert_eq!(status.code, Some(0), "what is under way is not unknown: {status:?}");
    first.kill().expect("killed");
    first.wait().expect("it ends");
    // The lock went with the process.
    let status = Ran::of(bench.bare().args(["batch", "reconcile", "out"]).output().expect("it runs"));
    assert_eq!(status.code, Some(8), "{status:?}");
}

#[test]
fn a_folder_that_goes_away_stops_the_batch_and_loses_no_image() {
    let bench = Bench::with_script("repeat = true\n[[step]]\nkind = \"latency\"\nmillis = 300\n");
    bench.items(8, "x");
    let temporary = bench.path("tmp");
    fs::create_dir(&temporary).expect("a folder");
    let mut command = bench.command(&["--jobs", "2", "-q"]);
    let child = command
        .env("TMPDIR", &temporary)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = child.spawn().expect("it runs");
    while bench.billed() < 2 {
        std::thread::yield_now();
    }
    fs::remove_dir_all(bench.out()).expect("removed");
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, bench.billed()), (Some(10), 2), "{ran:?}");
    // The sink makes missing folders, so the images may be in the batch's own place again.
    let saved: Vec<String> = ran
        .results()
        .values()
        .flat_map(|result| result["rescued"].as_array().cloned().unwrap_or_default())
        .map(|path| path.as_str().expect("a path").to_owned())
        .collect();
    assert_eq!(saved.len(), 2, "{ran:?}");
    for path in saved {
        assert!(imagesize::size(&path).is_ok() && ran.stderr.contains(&path), "{path}: {ran:?}");
    }
}

/// A small file system of its own, where that is allowed.
struct Small(std::path::PathBuf);

impl Small {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir(at).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_batch_and_the_next_run_finishes_it() {
    let bench = Bench::new();
    // Three or four pictures of 100 kB.
    let Some(_small) = Small::mount(&bench.out(), "420k") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    bench.items(12, "x");
    let temporary = bench.path("tmp");
    fs::create_dir(&temporary).expect("a folder");
    let ran = Ran::of(bench.command(&["--jobs", "3"]).env("TMPDIR", &temporary).output().expect("it runs"));
    assert_eq!(ran.code, Some(10), "{ran:?}");
    let bought = bench.billed();
    assert!(bought < 8, "{bought} bought");
    assert!(ran.stderr.contains("error: ") && ran.stderr.contains("space"), "{}", ran.stderr);
    let statuses = ran.statuses();
    let count = |status: &str| statuses.values().filter(|known| *known == status).count();
    assert_eq!(count("done"), visible(&bench.out()).len());
    // Room is made.
    let remounted = Command::new("mount").args(["-o", "remount,size=20m"]).arg(bench.out()).status();
    assert!(remounted.expect("it runs").success());
    let ran = bench.run(&["-q"]);
    let statuses = ran.statuses();
    let unknown = statuses.values().filter(|status| *status == "unknown").count();
    assert_eq!(statuses.values().filter(|status| *status == "done").count() + unknown, 12, "{ran:?}");
    assert!(unknown <= 3, "{ran:?}");
    assert_eq!(bench.billed(), 12, "each was bought once");
    for name in visible(&bench.out()) {
        assert!(imagesize::size(bench.out().join(name)).is_ok());
    }
}

#[test]
fn a_disk_that_is_full_from_the_start_costs_nothing() {
    let bench = Bench::new();
    let Some(_small) = Small::mount(&bench.out(), "4k") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    bench.items(2, "x");
    let ran = bench.run(&[]);
    assert_eq!((ran.code, bench.requests()), (Some(2), 0), "{ran:?}");
}

#[test]
fn a_damaged_ledger_is_not_guessed_at() {
    let bench = Bench::new();
    bench.items(3, "x");
    assert_eq!(bench.run(&["-q"]).code, Some(0));
    let path = bench.out().join(".imagewire-ledger.jsonl");
    let mut bytes = fs::read(&path).expect("a ledger");
    bytes[200] ^= 1;
    fs::write(&path, bytes).expect("written");
    for arguments in [
        &["batch", "prompts.jsonl", "-o", "out"][..],
        &["batch", "status", "out"],
        &["batch", "reconcile", "out"],
    ] {
        let ran = Ran::of(bench.bare().args(arguments).output().expect("it runs"));
        assert_eq!((ran.code, bench.requests()), (Some(1), 3), "{ran:?}");
        assert!(ran.stderr.contains("line 2: "), "{}", ran.stderr);
    }
}

#[test]
fn ledger_and_lock_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    bench.items(1, "x");
    bench.push(Scenario::None {});
    assert_eq!(bench.run(&["-q"]).code, Some(0));
    let mode =
        |name: &str| fs::metadata(bench.out().join(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode(".imagewire-ledger.jsonl"), mode(".imagewire-lock")), (0o600, 0o600));
    assert_ne!(mode("i1.png"), 0o600, "as the umask has it");
    assert!(!bench.out().join(".imagewire-staging").exists(), "nothing is left behind");
}
