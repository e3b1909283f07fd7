//! Every documented exit code, and the `error` object that goes with it.

mod shell;

use std::{fs, net::TcpListener};

use serde_json::{Value, json};
use shell::{Emulator, Home, Ran, files, json_answer, scripted, scripted_after};

/// A picture of a single pixel, as a service answers with it.
fn one_pixel() -> String {
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVQYV2NgAAIAAAUAAarVyFEAAAAASUVORK5CYII=";
    json_answer("200 OK", &json!({ "created": 1, "data": [{ "b64_json": png }] }).to_string())
}

fn ask(home: &Home, origin: &str, more: &[&str]) -> Ran {
    let base_url = format!("{origin}/v1");
    let arguments = [&["generate", "PRIVATE", "--base-url", &base_url, "--json"], more].concat();
    home.run(&[("FAST_API_KEY", "good")], &arguments)
}

fn error(object: &Value) -> (&str, &str) {
    let text = |name: &str| object["error"][name].as_str().unwrap_or_default();
    (text("kind"), text("outcome"))
}

#[test]
fn every_error_has_the_same_members() {
    let home = Home::new();
    for ran in [
        home.run(&[], &["generate", "x", "--size", "1x1", "--json"]),
        home.run(&[], &["generate", "x", "-n", "many", "--json"]),
        ask(&home, &scripted(json_answer("500 Internal Server Error", "{}")), &[]),
    ] {
        let object = ran.object();
        assert_eq!(object["ok"], false);
        for name in
            ["kind", "code", "message", "outcome", "retryable", "http_status", "request_id", "findings"]
        {
            assert!(object["error"].get(name).is_some(), "{name}: {object}");
        }
    }
}

#[test]
fn failures_say_what_they_cost_and_leave_nothing() {
    let cases = [
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>no</html>",
            8,
            "unexpected_content_type",
            "unknown",
        ),
        ("", 8, "transport", "unknown"),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n",
            8,
            "decode",
            "unknown",
        ),
        (
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
            1,
            "redirect_refused",
            "refused",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 52\r\n\r\n{\"error\":{\"message\":\"no good\",\"code\":\"invalid_key\"}}",
            4,
            "authentication",
            "refused",
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 300\r\ncontent-length: 0\r\n\r\n",
            6,
            "rate_limit",
            "refused",
        ),
        ("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n", 8, "server", "unknown"),
    ];
    for (answer, exit, kind, outcome) in cases {
        let home = Home::new();
        let ran = ask(&home, &scripted(answer.to_owned()), &[]);
        let object = ran.object();
        assert_eq!((ran.code(), error(&object)), (Some(exit), (kind, outcome)), "{object}");
        let shown = format!("{}{}", ran.stdout(), ran.stderr());
        assert!(!shown.contains("good") && !shown.contains("PRIVATE"), "{shown}");
        assert!(files(&home.project()).is_empty(), "{kind}");
        let cost = &object["cost"];
        assert_eq!(cost["known"], json!(outcome == "refused"), "{cost}");
    }
}

#[test]
fn refusals_of_a_service_have_codes_of_their_own() {
    let home = Home::new();
    let emulator = Emulator::with(&["--scenarios"]);
    for (scenario, exit, kind) in [
        ("prompt-block", 5, "moderation"),
        ("output-block", 5, "moderation"),
        ("retired-model", 3, "model"),
        ("account-block", 4, "authentication"),
        ("quota", 6, "quota"),
        ("html-error", 8, "server"),
        // What can be read of it is saved.
        ("malformed-json", 9, "decode"),
    ] {
        let base_url = format!("{}/v1", emulator.origin);
        let prompt = format!("x [[scenario:{scenario}]]");
        let ran =
            home.run(&[("FAST_API_KEY", "good")], &["generate", &prompt, "--base-url", &base_url, "--json"]);
        let object = ran.object();
        assert_eq!((ran.code(), error(&object).0), (Some(exit), kind), "{scenario}: {object}");
    }
    assert_eq!(files(&home.project()).len(), 1);
}

#[test]
fn nobody_there_is_7() {
    let home = Home::new();
    let port =
        TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    let ran = ask(&home, &format!("http://127.0.0.1:{port}"), &[]);
    let object = ran.object();
    assert_eq!((ran.code(), error(&object)), (Some(7), ("connect", "not_sent")), "{object}");
    assert_eq!(object["error"]["retryable"], true);
    assert_eq!(object["cost"]["high_micro_usd"], 0);
}

#[test]
fn usage_errors_are_2_and_keep_the_promise_of_json() {
    let home = Home::new();
    assert_eq!(home.run(&[], &["generate"]).code(), Some(2));
    let ran = home.run(&[], &["generate", "x", "-n", "many", "--json"]);
    assert_eq!((ran.code(), error(&ran.object()).0), (Some(2), "configuration"));
    for arguments in [
        &["generate", "x", "-n", "101"][..],
        &["generate", "x", "--name", "{nobody}"],
        &["generate", "x", "--name", "../x"],
        &["generate", "x", "-o", "-", "-n", "2"],
        &["generate", "x", "-o", "-", "--json"],
        &["generate", "x", "-o", "-", "--manifest"],
        &["generate", "x", "--max-cost", "much"],
        &["generate", "x", "--adapt", "--no-check"],
    ] {
        assert_eq!(home.run(&[], arguments).code(), Some(2), "{arguments:?}");
    }
    assert!(files(&home.project()).is_empty());
}

#[test]
fn some_of_several_images_are_9() {
    let home = Home::new();
    let script = "[[step]]\nkind = \"none\"\n[[step]]\nkind = \"prompt-block\"\n[[step]]\nkind = \"none\"\n";
    let script = home.write("script.toml", script);
    let emulator = Emulator::with(&["--scenario", script.to_str().expect("UTF-8")]);
    // One after the other, so that the script's order is theirs.
    let ran = ask(&home, &emulator.origin, &["-n", "3", "--jobs", "1", "-o", "fox.png"]);
    let object = ran.object();
    assert_eq!((ran.code(), error(&object).0), (Some(9), "moderation"), "{object}");
    assert_eq!(files(&home.project()), ["fox-1.png", "fox-3.png"]);
    let requests: Vec<&Value> =
        object["images"].as_array().expect("images").iter().map(|one| &one["request"]).collect();
    assert_eq!(requests, [1, 3]);
    // An answer that is short of an image says nothing of it; we do.
    let emulator = Emulator::with(&["--scenarios"]);
    let base_url = format!("{}/v1", emulator.origin);
    let arguments = [
        "generate",
        "x [[scenario:fewer-images]]",
        "-m",
        "dall-e-2",
        "-n",
        "2",
        "--size",
        "256x256",
        "--base-url",
        &base_url,
    ];
    let ran = home.run(&[("FAST_API_KEY", "good")], &arguments);
    assert_eq!(ran.code(), Some(9), "{}", ran.stderr());
    assert_eq!(ran.stdout().lines().count(), 1);
    assert!(ran.stderr().contains("2 images were asked for, and 1 came"), "{}", ran.stderr());
}

#[test]
fn a_folder_that_vanishes_meanwhile_is_10_and_the_image_is_kept() {
    let home = Home::new();
    let (out, rescue) = (home.project().join("out"), home.path().join("rescue"));
    fs::create_dir(&rescue).expect("a folder");
    let origin = scripted_after(move || fs::remove_dir_all(&out).expect("it is there"), one_pixel());
    let base_url = format!("{origin}/v1");
    let arguments = ["generate", "x", "--base-url", &base_url, "-o", "out/"];
    let ran = home.run(&[("FAST_API_KEY", "good"), ("TMPDIR", rescue.to_str().expect("UTF-8"))], &arguments);
    assert_eq!(ran.code(), Some(10), "{}", ran.stderr());
    let path = ran.stdout().trim_end().to_owned();
    assert!(path.starts_with(rescue.to_str().expect("UTF-8")), "{path}");
    assert!(imagesize::size(&path).is_ok(), "{path}");
    assert!(ran.stderr().contains(&path), "{}", ran.stderr());
}

#[test]
fn what_may_cost_more_than_is_allowed_is_11() {
    let home = Home::new();
    for (arguments, code) in [
        (
            &["generate", "x", "--dialect", "openai", "-m", "gpt-image-2", "--max-cost", "0.05", "--json"][..],
            "over_budget",
        ),
        (&["generate", "x", "-m", "dall-e-3", "--max-cost", "0.05", "--json"], "unknown_cost"),
    ] {
        let ran = home.run(&[], arguments);
        let object = ran.object();
        assert_eq!((ran.code(), &object["error"]["code"]), (Some(11), &json!(code)), "{object}");
    }
    assert!(files(&home.project()).is_empty());
}

#[test]
fn what_was_not_asked_for_is_12_when_it_is_verified() {
    let home = Home::new();
    let origin = scripted(one_pixel());
    let ran = ask(&home, &origin, &["--size", "1024x1024", "-o", "one.png"]);
    assert_eq!(
        (ran.code(), ran.object()["warnings"][0].clone()),
        (Some(0), json!("image 0 is 1x1 and not 1024x1024"))
    );
    let ran = ask(&home, &origin, &["--size", "1024x1024", "-o", "two.png", "--verify"]);
    let object = ran.object();
    assert_eq!((ran.code(), error(&object)), (Some(12), ("mismatch", "done")), "{object}");
    // It is paid for, and kept.
    assert_eq!(files(&home.project()), ["one.png", "two.png"]);
    assert_eq!(object["images"].as_array().map(Vec::len), Some(1));
}
