//! Caps and pace.

use serde_json::json;

use super::Bench;

#[test]
fn no_more_images_than_allowed_in_all_runs_together() {
    let bench = Bench::new();
    bench.items(5, "x");
    for _ in 0..3 {
        let ran = bench.run(&["--jobs", "4", "--max-images", "3"]);
        assert_eq!((ran.code, bench.billed()), (Some(11), 3), "{ran:?}");
        assert!(ran.stderr.contains("stopped by the cap"), "{}", ran.stderr);
    }
    assert_eq!((bench.run(&["-q", "--max-images", "5"]).code, bench.billed()), (Some(0), 5));
}

#[test]
fn what_may_have_been_bought_counts_too() {
    let bench = Bench::new();
    bench.items(3, "x");
    bench.push(imagewire_emulator::Scenario::Reset { after: None });
    let ran = bench.run(&["-q", "--jobs", "1", "--max-images", "2"]);
    assert_eq!((ran.code, bench.requests()), (Some(11), 2), "{ran:?}");
}

#[test]
fn a_cap_on_costs_reserves_the_most_and_needs_a_price() {
    let bench = Bench::new();
    let line =
        |id: &str| json!({ "id": id, "prompt": "a fox", "model": "dall-e-2", "size": "256x256", "n": 1 });
    bench.input(&[line("a"), line("b")]);
    let run = |dialect: &str, cap: &str| {
        let mut command = bench.bare();
        let output = command
            .env("OPENAI_API_KEY", "x")
            .env("OPENAI_BASE_URL", bench.emulator.base_url("fastapi").expect("a service"))
            .args(["batch", "prompts.jsonl", "-o", dialect, "--dialect", dialect, "--max-cost", cap])
            .output();
        super::Ran::of(output.expect("the binary runs"))
    };
    // dall-e-2 costs 1.6 cents at OpenAI; what fastapi.ai takes is in no price list.
    let ran = run("openai", "0.02");
    assert!(ran.code == Some(11) || ran.stderr.contains("price"), "{ran:?}");
    let ran = run("fastapi", "0.02");
    assert!(ran.code == Some(2) && ran.stderr.contains("--max-images"), "{ran:?}");
}
