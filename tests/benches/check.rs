//! What a check costs, beside the `jsonschema` crate on the same rules: `cargo bench -p imagewire-tests --bench check`.
//!
//! Times are medians of interleaved rounds; instructions are counted by valgrind's callgrind where it is installed, as
//! the difference between many and few repetitions, so that start-up does not count. Ratios are printed, never asserted.

use std::{
    env,
    hint::black_box,
    process::Command,
    time::{Duration, Instant},
};

use imagewire_tests::oracle::Oracle;
use imagewire_types::{Background, CreateImageRequest, Model, OutputFormat, Quality, Size};
use imagewire_validate::{Target, check, check_json};
use serde_json::Value;

const DIALECT: &str = "fastapi-2026";
const MODEL: &str = "gpt-image-1.5";

/// Twelve members, as an application sends them.
fn request() -> CreateImageRequest {
    CreateImageRequest::new(
        "A heron stands in shallow water at dawn, painted in soft washes, seen from the reeds; ".repeat(3),
    )
    .model(Model::from(MODEL))
    .n(2)
    .size(Size::new(1536, 1024))
    .quality(Quality::High)
    .background(Background::Opaque)
    .moderation("auto")
    .output_format(OutputFormat::Webp)
    .output_compression(80)
    .stream(false)
    .partial_images(0)
    .user("user123456")
}

struct Work {
    request: CreateImageRequest,
    target: Target<'static>,
    oracle: Oracle,
    value: Value,
    bytes: Vec<u8>,
}

type Run = fn(&Work) -> bool;

const RUNS: &[(&str, Run)] = &[
    ("typed request to verdict, imagewire", |work| check(&work.request, &work.target).is_accepted()),
    ("typed request to verdict, to_value + jsonschema", |work| {
        work.oracle.accepts_strictly(&serde_json::to_value(&work.request).unwrap_or_default())
    }),
    ("ready Value to verdict, jsonschema", |work| work.oracle.accepts_strictly(&work.value)),
    ("bytes to verdict, imagewire", |work| check_json(&work.bytes, &work.target).is_accepted()),
    ("bytes to verdict, from_slice + jsonschema", |work| {
        work.oracle.accepts_strictly(&serde_json::from_slice(&work.bytes).unwrap_or_default())
    }),
];

fn main() {
    let request = request();
    let work = Work {
        target: Target::new(DIALECT).expect("a service").served_by(MODEL),
        oracle: Oracle::new(DIALECT, Some(MODEL)),
        value: serde_json::to_value(&request).expect("JSON"),
        bytes: serde_json::to_vec(&request).expect("JSON"),
        request,
    };
    if let (Ok(run), Ok(repetitions)) =
        (env::var("IMAGEWIRE_BENCH_RUN"), env::var("IMAGEWIRE_BENCH_REPETITIONS"))
    {
        let (run, repetitions): (usize, u32) =
            (run.parse().expect("a number"), repetitions.parse().expect("a number"));
        for _ in 0..repetitions {
            assert!(black_box(RUNS[run].1)(black_box(&work)), "the request is valid");
        }
        return;
    }
    println!("{} bytes, 12 members, {MODEL} at {DIALECT}", work.bytes.len());
    let times = times(&work);
    let counts: Vec<Option<u64>> = (0..RUNS.len()).map(instructions).collect();
    for ((name, _), (time, count)) in RUNS.iter().zip(times.iter().zip(&counts)) {
        let count = count.map_or_else(|| "no valgrind".to_owned(), |count| format!("{count} instructions"));
        println!("{name:50} {:>8.0} ns {count:>24}", time.as_secs_f64() * 1e9);
    }
    for (what, ours, theirs) in [
        ("typed: imagewire against to_value + jsonschema", 0, 1),
        ("typed against jsonschema on a ready Value", 0, 2),
        ("bytes: imagewire against from_slice + jsonschema", 3, 4),
    ] {
        let time = times[theirs].as_secs_f64() / times[ours].as_secs_f64();
        let count = match (counts[ours], counts[theirs]) {
            (Some(ours), Some(theirs)) => format!("{:.1} times fewer instructions", ratio(theirs, ours)),
            _ => String::new(),
        };
        println!("{what:50} {time:.1} times faster, {count}");
    }
}

#[allow(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// The median time of one run each; the works take turns, so that a slow moment strikes all of them.
fn times(work: &Work) -> Vec<Duration> {
    const ROUNDS: usize = 31;
    const REPETITIONS: u32 = 2_000;
    let mut rounds = vec![Vec::new(); RUNS.len()];
    for _ in 0..ROUNDS {
        for ((_, run), times) in RUNS.iter().zip(&mut rounds) {
            let started = Instant::now();
            for _ in 0..REPETITIONS {
                assert!(black_box(run)(black_box(work)));
            }
            times.push(started.elapsed() / REPETITIONS);
        }
    }
    rounds
        .into_iter()
        .map(|mut times| {
            times.sort();
            times[ROUNDS / 2]
        })
        .collect()
}

/// Instructions of one run, by callgrind.
fn instructions(run: usize) -> Option<u64> {
    let count = |repetitions: u32| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(env::current_exe().ok()?)
            .env("IMAGEWIRE_BENCH_RUN", run.to_string())
            .env("IMAGEWIRE_BENCH_REPETITIONS", repetitions.to_string())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find(|line| line.contains("Collected"))?.to_owned();
        line.rsplit(' ').next()?.parse::<u64>().ok()
    };
    let (few, many) = (count(10)?, count(1_010)?);
    Some(many.saturating_sub(few) / 1_000)
}
