//! What all clients written in Rust share: what they are told, and how they measure themselves.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use nix::{
    sys::resource::{UsageWho, getrusage},
    time::{ClockId, clock_gettime},
};

/// The work: `BASE MODE CALLS AT_ONCE FOLDER`.
#[derive(Clone)]
pub struct Job {
    pub base: String,
    pub mode: Mode,
    /// How many requests, and how many of them at a time.
    pub calls: usize,
    pub at_once: usize,
    pub folder: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Images of an answer go to files.
    Files,
    /// Images of an answer are decoded and dropped.
    Memory,
    /// Images of a stream go to files, each as soon as it is there.
    Events,
}

/// Told the runner in one line at the end.
pub struct Meter {
    begin: u64,
    cpu: u64,
    first: AtomicU64,
}

impl Job {
    pub fn from_args() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let [base, mode, calls, at_once, folder] = args.try_into().expect("BASE MODE CALLS AT_ONCE FOLDER");
        let mode = match mode.as_str() {
            "files" => Mode::Files,
            "memory" => Mode::Memory,
            "events" => Mode::Events,
            _ => panic!("files, memory or events"),
        };
        let number = |text: String| text.parse().expect("a number");
        Self { base, mode, calls: number(calls), at_once: number(at_once), folder: folder.into() }
    }

    /// Runs `call` as often as asked, on the runtime that `BENCH_RUNTIME` names: one thread, or `threads`. Each call gets
    /// its number and the meter.
    pub fn run<C, F>(&self, call: C)
    where
        C: Fn(usize, Arc<Meter>) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send,
    {
        let threads = std::env::var("BENCH_RUNTIME").is_ok_and(|name| name == "threads");
        let mut builder = if threads {
            tokio::runtime::Builder::new_multi_thread()
        } else {
            tokio::runtime::Builder::new_current_thread()
        };
        let runtime = builder.enable_all().build().expect("a runtime");
        let meter = Arc::new(Meter::start());
        let (calls, at_once) = (self.calls, self.at_once);
        runtime.block_on(async {
            let workers: Vec<_> = (0..at_once)
                .map(|worker| {
                    let (call, meter) = (call.clone(), Arc::clone(&meter));
                    tokio::spawn(async move {
                        for number in (worker..calls).step_by(at_once) {
                            call(number, Arc::clone(&meter)).await;
                        }
                    })
                })
                .collect();
            for worker in workers {
                worker.await.expect("no panic");
            }
        });
        meter.stop();
    }
}

impl Meter {
    fn start() -> Self {
        Self { begin: now(), cpu: cpu(), first: AtomicU64::new(0) }
    }

    /// The first image is there.
    pub fn first_image(&self) {
        let _ = self.first.compare_exchange(0, now() - self.begin, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn stop(&self) {
        let (end, cpu) = (now(), cpu() - self.cpu);
        let report = serde_json::json!({
            "begin": self.begin, "end": end, "cpu": cpu, "first": self.first.load(Ordering::Relaxed), "peak": peak(),
        });
        println!("{report}");
    }
}

/// The clock that all processes of the machine share, in nanoseconds.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("a clock");
    nanoseconds(time.tv_sec(), time.tv_nsec())
}

fn cpu() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("usage");
    let (user, system) = (usage.user_time(), usage.system_time());
    nanoseconds(user.tv_sec() + system.tv_sec(), (user.tv_usec() + system.tv_usec()) * 1000)
}

fn nanoseconds(seconds: i64, rest: i64) -> u64 {
    u64::try_from(seconds * 1_000_000_000 + rest).expect("time goes on")
}

/// The largest memory that the process had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
