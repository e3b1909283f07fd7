//! What the service says, and what becomes of the items.

use imagewire_emulator::Scenario;
use serde_json::json;

use super::{Bench, visible};

fn reset() -> Scenario {
    Scenario::Reset { after: None }
}

#[test]
fn what_may_have_been_bought_is_listed_and_never_sent_again_by_itself() {
    let bench = Bench::new();
    bench.items(5, "x");
    bench.push(Scenario::None {});
    bench.push(reset());
    let ran = bench.run(&["--jobs", "1"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert_eq!(ran.statuses()["i2"], "unknown");
    assert!(ran.stderr.contains("unknown i2\n") && ran.stderr.contains("4 of 5 done"), "{}", ran.stderr);
    assert_eq!(bench.requests(), 5);
    // Also quietly, and again and again.
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, bench.requests()), (Some(8), 5), "{ran:?}");
    assert!(ran.stderr.contains("unknown i2\n"), "{}", ran.stderr);
    let ran = bench.run(&["--on-unknown", "skip"]);
    assert_eq!((ran.code, bench.requests()), (Some(0), 5), "{ran:?}");
    assert_eq!(ran.statuses()["i2"], "skipped");
    let ran = bench.run(&["--on-unknown", "retry"]);
    assert_eq!((ran.code, bench.requests()), (Some(0), 6), "{ran:?}");
    assert_eq!((ran.statuses()["i2"].as_str(), bench.billed()), ("done", 6));
}

#[test]
fn people_settle_what_is_unknown() {
    let bench = Bench::new();
    bench.items(2, "x");
    bench.push(reset());
    bench.push(reset());
    assert_eq!(bench.run(&["-q", "--jobs", "1"]).code, Some(8));
    let command = |arguments: &[&str]| {
        super::Ran::of(bench.bare().args(["batch"]).args(arguments).output().expect("the binary runs"))
    };
    let status = command(&["status", "out"]);
    assert_eq!(status.code, Some(8), "{status:?}");
    assert_eq!(status.stdout, "2 unknown\n2 images bought or possibly bought\nunknown i1\nunknown i2\n");
    assert_eq!(command(&["reconcile", "out", "--bought", "i3"]).code, Some(2));
    let settled = command(&["reconcile", "out", "--bought", "i1", "--not-bought", "i2"]);
    assert_eq!(
        (settled.code, settled.stdout.as_str()),
        (Some(0), "bought i1\nnot bought i2\n"),
        "{settled:?}"
    );
    let ran = bench.run(&[]);
    assert_eq!((ran.code, bench.requests()), (Some(10), 3), "{ran:?}");
    assert_eq!((ran.statuses()["i1"].as_str(), ran.statuses()["i2"].as_str()), ("missing", "done"));
    assert_eq!(command(&["status", "nowhere"]).code, Some(2));
}

#[test]
fn a_refused_item_fails_and_the_others_do_not() {
    let bench = Bench::new();
    bench.items(4, "x");
    bench.push(Scenario::None {});
    bench.push(Scenario::PromptBlock { category: "violence".to_owned() });
    let ran = bench.run(&["--jobs", "1"]);
    assert_eq!(ran.code, Some(9), "{ran:?}");
    let result = &ran.results()["i2"];
    assert_eq!((&result["status"], &result["error"]["kind"]), (&json!("failed"), &json!("moderation")));
    assert!(ran.stderr.contains("failed i2: "), "{}", ran.stderr);
    // It would be refused again; but somebody may change it.
    assert_eq!((bench.run(&["-q"]).code, bench.requests()), (Some(9), 4));
    bench.items(4, "x");
    let text = std::fs::read_to_string(bench.path("prompts.jsonl")).expect("the input");
    std::fs::write(bench.path("prompts.jsonl"), text.replace("number 2", "number two")).expect("written");
    assert_eq!((bench.run(&["-q"]).code, bench.requests()), (Some(0), 5));
}

#[test]
fn what_was_bought_cannot_be_changed_under_its_id() {
    let bench = Bench::new();
    bench.items(3, "x");
    assert_eq!(bench.run(&["-q"]).code, Some(0));
    bench.items(3, "y");
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, bench.requests()), (Some(2), 3), "{ran:?}");
    assert!(ran.stderr.contains("\"i1\" (line 1)") && ran.stderr.contains("new id"), "{}", ran.stderr);
}

#[test]
fn a_wrong_key_stops_the_batch_and_fails_nothing() {
    let bench = Bench::new();
    bench.items(20, "x");
    for _ in 0..20 {
        bench.push(Scenario::status(401));
    }
    let ran = bench.run(&["--jobs", "4"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(bench.requests() <= 4, "{}", bench.requests());
    assert!(ran.statuses().values().all(|status| status == "pending"), "{ran:?}");
    assert!(!ran.stderr.contains("CANARY") && !ran.stdout.contains("CANARY"));
    bench.emulator.scenario().clear();
    assert_eq!((bench.run(&["-q"]).code, bench.billed()), (Some(0), 20));
}

#[test]
fn a_rate_limit_pauses_everybody_and_fails_nothing() {
    let bench = Bench::new();
    bench.items(6, "x");
    let limit = Scenario::Status { status: 429, retry_after: Some(1), billed: false };
    bench.emulator.scenario().push_times(3, &limit);
    let ran = bench.run(&["--jobs", "3"]);
    assert_eq!((ran.code, bench.billed()), (Some(0), 6), "{ran:?}");
    assert!(ran.stderr.contains("pausing for 2 s"), "{}", ran.stderr);
    // Whoever waits for longer than the caller has patience comes back another time.
    bench.items(6, "y");
    bench.push(Scenario::rate_limit(60.0));
    let other = ["batch", "prompts.jsonl", "-o", "other", "-q", "--jobs", "1", "--patience", "10s"];
    let output = bench.bare().args(other).output().expect("the binary runs");
    let ran = super::Ran::of(output);
    assert_eq!((ran.code, bench.billed()), (Some(6), 6), "{ran:?}");
    assert!(ran.statuses().values().all(|status| status == "pending"));
}

#[test]
fn a_service_that_is_overloaded_for_a_moment_is_asked_again() {
    let bench = Bench::new();
    bench.items(2, "x");
    bench.emulator.scenario().push_times(2, &Scenario::status(503));
    let ran = bench.run(&["--jobs", "1"]);
    assert_eq!((ran.code, bench.requests(), bench.billed()), (Some(0), 4, 2), "{ran:?}");
    assert!(ran.stderr.contains(": again, since "), "{}", ran.stderr);
}

#[test]
fn attempts_are_bounded_over_all_runs() {
    let bench = Bench::new();
    bench.items(1, "x");
    bench.emulator.scenario().push_times(100, &Scenario::status(503));
    for run in 1..=6 {
        let ran = bench.run(&["-q", "--attempts", "1"]);
        assert_ne!(ran.code, Some(0), "{ran:?}");
        assert_eq!(bench.requests(), run.min(4), "four times as many in all");
    }
}

#[test]
fn a_service_that_is_not_there_costs_nothing() {
    let bench = Bench::new();
    bench.items(3, "x");
    let mut command = bench.command(&["--jobs", "2", "--patience", "0s"]);
    let output = command.env("FAST_BASE_URL", "http://127.0.0.1:9/v1").output().expect("the binary runs");
    let ran = super::Ran::of(output);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    assert!(ran.statuses().values().all(|status| status == "pending"), "{ran:?}");
    assert_eq!((bench.run(&["-q"]).code, bench.billed()), (Some(0), 3));
}

#[test]
fn fewer_images_than_asked_for_are_a_part() {
    let bench = Bench::new();
    bench
        .input(&[json!({ "id": "owl", "prompt": "an owl", "model": "dall-e-2", "size": "256x256", "n": 3 })]);
    bench.push(Scenario::FewerImages { missing: 1 });
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, ran.statuses()["owl"].as_str()), (Some(9), "partial"), "{ran:?}");
    assert_eq!(visible(&bench.out()), ["owl-1.png", "owl-2.png"]);
    assert_eq!((bench.run(&["-q"]).code, bench.requests()), (Some(9), 1));
}

#[test]
fn one_object_at_the_end() {
    let bench = Bench::new();
    bench.items(3, "x");
    bench.push(reset());
    let ran = bench.run(&["--json", "--jobs", "1"]);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&object["ok"], &object["exit_code"]), (&json!(false), &json!(8)));
    assert_eq!((&object["counts"]["done"], &object["unknown"]), (&json!(2), &json!(["i1"])));
    assert_eq!(object["items"].as_array().map(Vec::len), Some(3));
}

#[test]
fn files_that_are_changed_or_gone_are_noticed_and_not_bought_again() {
    let bench = Bench::new();
    bench.items(3, "x");
    assert_eq!(bench.run(&["-q"]).code, Some(0));
    std::fs::remove_file(bench.out().join("i1.png")).expect("removed");
    let mut bytes = std::fs::read(bench.out().join("i2.png")).expect("the file");
    bytes[100] ^= 1;
    std::fs::write(bench.out().join("i2.png"), bytes).expect("written");
    let ran = bench.run(&["-q"]);
    let missing = |ran: &super::Ran| ran.statuses().values().filter(|status| *status == "missing").count();
    assert_eq!((ran.code, missing(&ran)), (Some(10), 1), "{ran:?}");
    assert_eq!(missing(&bench.run(&["-q", "--verify"])), 2);
    assert_eq!(bench.requests(), 3);
}
