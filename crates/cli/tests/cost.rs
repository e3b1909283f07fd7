//! `imagewire cost`, caps, and what a purchase is said to have cost.

mod shell;

use serde_json::{Value, json};
use shell::{Emulator, Home, files};

const MINE: &str = r#"{ "prices": [{ "dialects": ["fastapi"], "models": ["dall-e-*"],
    "image_usd": { "standard": { "1024x1024": 0.05 }, "hd": { "1024x1024": 0.10 } },
    "sources": [{ "covers": "all", "title": "Our contract", "url": "https://example.com/", "checked": "2026-11-01" }] }] }"#;

#[test]
fn estimates_name_their_sources() {
    let home = Home::new();
    let arguments = ["cost", "-m", "gpt-image-2", "--size", "1024x1024", "--quality", "high"];
    let ran = home.run(&[], &arguments);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert!(ran.stdout().starts_with("$0.2107 to $0.2108 (prices of 2026-11-22)\n"), "{}", ran.stdout());
    assert!(ran.stdout().contains("https://community.openai.com/"), "{}", ran.stdout());
    let object = home.run(&[], &[&arguments[..], &["--json", "-n", "2"]].concat()).object();
    assert_eq!(object["cost"]["low_micro_usd"], json!(2 * 210_725));
    assert!(object["cost"]["sources"][0]["url"].is_string());
    home.write(
        "project/request.json",
        r#"{"prompt":"x","model":"gpt-image-1","quality":"low","size":"1024x1024"}"#,
    );
    let object = home.run(&[], &["cost", "request.json", "--json"]).object();
    assert_eq!(object["cost"]["low_micro_usd"], 272 * 40 + 5);
    // An unknown price is an answer, too.
    let ran = home.run(&[], &["cost", "request.json", "--dialect", "fastapi"]);
    assert_eq!(
        (ran.code(), ran.stdout().as_str()),
        (Some(0), "unknown: no price of gpt-image-1 at fastapi is known\n")
    );
    assert_eq!(home.run(&[], &["cost"]).code(), Some(2));
}

#[test]
fn own_prices_lift_the_veil_and_caps_hold() {
    let home = Home::new();
    home.write("project/mine.json", MINE);
    let emulator = Emulator::start();
    let base_url = format!("{}/v1", emulator.origin);
    let arguments = |more: &[&'static str]| -> Vec<String> {
        let fixed = ["generate", "x", "-m", "dall-e-3", "--base-url", &base_url, "--prices", "mine.json"];
        fixed.iter().chain(more).map(|&argument| argument.to_owned()).collect()
    };
    let run = |more: &[&'static str]| {
        let arguments = arguments(more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        home.run(&[("FAST_API_KEY", "good")], &arguments)
    };
    // Quality is open, so the dearer one counts.
    let ran = run(&["--max-cost", "0.08", "-o", "a.png"]);
    assert_eq!(ran.code(), Some(11), "{}", ran.stderr());
    assert!(ran.stderr().contains("name --size and --quality"), "{}", ran.stderr());
    let ran = run(&["--max-cost", "0.08", "--quality", "standard", "-o", "a.png"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert!(ran.stderr().contains("cost $0.05 (prices of 2026-11-01)"), "{}", ran.stderr());
    // All requests of a command count together.
    assert_eq!(run(&["--max-cost", "0.08", "--quality", "standard", "-n", "2"]).code(), Some(11));
    let object = run(&["--quality", "standard", "-n", "2", "-o", "b.png", "--json"]).object();
    assert_eq!(
        (&object["cost"]["high_micro_usd"], &object["cost"]["basis"]),
        (&json!(100_000), &json!("prices"))
    );
    assert_eq!(emulator.ledger().0, 3);
}

#[test]
fn an_unknown_price_is_said_and_stops_a_cap_unless_allowed() {
    let home = Home::new();
    let emulator = Emulator::start();
    let base_url = format!("{}/v1", emulator.origin);
    let arguments = ["generate", "x", "--base-url", &base_url, "-o", "x.png"];
    let run = |more: &[&str]| home.run(&[("FAST_API_KEY", "good")], &[&arguments[..], more].concat());
    assert_eq!(run(&["--max-cost", "1"]).code(), Some(11));
    assert!(files(&home.project()).is_empty());
    let ran = run(&["--max-cost", "1", "--allow-unknown-cost"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert!(
        ran.stderr().contains("cost unknown: no price of dall-e-3 at fastapi is known"),
        "{}",
        ran.stderr()
    );
    let ran = home.run(&[], &["cost", "-m", "dall-e-3", "--prices", "missing.json"]);
    assert_eq!(ran.code(), Some(2));
    home.write("project/broken.json", r#"{ "prices": [{}] }"#);
    let ran = home.run(&[], &["cost", "-m", "dall-e-3", "--prices", "broken.json"]);
    assert!(ran.stderr().contains("broken.json:1:14: at /prices/0"), "{}", ran.stderr());
}

#[test]
fn usage_settles_the_cost() {
    let home = Home::new();
    let emulator = Emulator::start();
    let base_url = format!("{}/v1", emulator.origin);
    let arguments = [
        "generate",
        "x",
        "--dialect",
        "openai",
        "-m",
        "gpt-image-2",
        "--quality",
        "low",
        "--size",
        "1024x1024",
        "--base-url",
        &base_url,
        "-o",
        "x.png",
        "--json",
    ];
    let object: Value = home.run(&[("OPENAI_API_KEY", "good")], &arguments).object();
    assert_eq!(
        (&object["cost"]["known"], &object["cost"]["basis"]),
        (&json!(true), &json!("usage")),
        "{object}"
    );
    assert_eq!(object["cost"]["low_micro_usd"], object["cost"]["high_micro_usd"]);
}
