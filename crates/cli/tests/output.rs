//! What goes to stdout and what to stderr.

mod shell;

use std::{io::Read as _, process::Stdio};

use serde_json::{Value, json};
use shell::{Emulator, Home, files, json_answer, scripted};

/// The smallest picture, which is drawn soonest.
const SMALL: [&str; 6] = ["generate", "x", "-m", "dall-e-2", "--size", "256x256"];

#[test]
fn json_is_exactly_one_object_with_everything() {
    let home = Home::new();
    let object = home.run(&[], &[&SMALL[..], &["-o", "x.png", "--json"]].concat()).object();
    for name in [
        "images",
        "changes",
        "warnings",
        "attempts",
        "cost",
        "findings",
        "failures",
        "request_id",
        "estimate",
    ] {
        assert!(object.get(name).is_some(), "{name}: {object}");
    }
    assert_eq!((&object["ok"], &object["emulated"]), (&json!(true), &json!(true)));
    for name in [
        "index",
        "path",
        "width",
        "height",
        "format",
        "bytes",
        "sha256",
        "revised_prompt",
        "content_credentials",
    ] {
        assert!(object["images"][0].get(name).is_some(), "{name}: {object}");
    }
}

#[test]
fn events_are_json_and_nothing_else_is_on_stderr() {
    let home = Home::new();
    let ran = home.run(&[], &["generate", "x", "-n", "2", "--json-events", "-o", "x.png"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert_eq!(ran.stdout().lines().count(), 2);
    let text = ran.stderr();
    let events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!((of("sending"), of("saved"), of("ended")), (2, 2, 2), "{text}");
    assert!(of("note") > 0, "{text}");
    let saved = events.iter().find(|event| event["event"] == "saved").expect("an event");
    assert!(
        saved["path"].is_string() && saved["elapsed_ms"].is_u64() && saved["request"].is_u64(),
        "{saved}"
    );
    let ran = home.run(&[], &["generate", "x", "--size", "1x1", "--json-events"]);
    let event: Value = serde_json::from_str(ran.stderr().trim_end()).expect("one object");
    assert_eq!((&event["event"], &event["kind"]), (&json!("error"), &json!("invalid_request")));
}

#[test]
fn quiet_tells_errors_alone() {
    let home = Home::new();
    let ran = home.run(&[], &[&SMALL[..], &["-q", "-o", "x.png"]].concat());
    assert_eq!((ran.code(), ran.stderr().as_str()), (Some(0), ""));
    let ran = home.run(&[], &["generate", "x", "-q", "--size", "1x1"]);
    assert!(ran.stderr().starts_with("error: `size` is `1x1`"), "{}", ran.stderr());
}

#[test]
fn rust_log_tells_calls_without_what_is_private() {
    let (home, emulator) = (Home::new(), Emulator::start());
    let base_url = format!("{}/v1", emulator.origin);
    let variables = [("RUST_LOG", "trace"), ("FAST_API_KEY", "good")];
    let ran = home.run(
        &variables,
        &[
            "generate",
            "a CANARY fox",
            "-m",
            "dall-e-2",
            "--size",
            "256x256",
            "-o",
            "x.png",
            "--base-url",
            &base_url,
        ],
    );
    let said = ran.stderr();
    assert_eq!((ran.code(), ran.stdout().lines().count()), (Some(0), 1), "{said}");
    assert!(said.contains("generate{dialect=\"fastapi\"") && !said.contains("CANARY"), "{said}");
    assert!(!said.contains("good"), "{said}");
}

#[test]
fn the_image_itself_goes_to_stdout_when_asked() {
    let home = Home::new();
    let ran = home.run(&[], &[&SMALL[..], &["-o", "-"]].concat());
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert_eq!(imagesize::blob_size(&ran.0.stdout).expect("an image").width, 256);
    assert!(files(&home.project()).is_empty());
    // A reader that goes away does not lose the image.
    let rescue = home.path().join("rescue");
    std::fs::create_dir(&rescue).expect("a folder");
    let mut command =
        home.command(&[("TMPDIR", rescue.to_str().expect("UTF-8"))], &[&SMALL[..], &["-o", "-"]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut told).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(10), "{told}");
    assert_eq!(files(&rescue).len(), 1, "{told}");
    assert!(told.contains("instead"), "{told}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let home = Home::new();
    for arguments in [
        [&SMALL[..], &["-o", "x.png", "--json"]].concat(),
        [&SMALL[..], &["-o", "y.png"]].concat(),
        vec!["models"],
    ] {
        let mut child = home
            .command(&[], &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        drop(child.stdout.take());
        let mut told = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut told).expect("UTF-8");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{told}");
        assert!(!told.contains("panicked"), "{told}");
    }
}

#[test]
fn words_from_outside_cannot_steer_the_terminal() {
    let home = Home::new();
    let hostile = "\u{1b}]0;owned\u{7} \u{9b}2J \u{202e}txt.exe";
    let body = json!({ "error": { "message": hostile, "type": "invalid_request_error", "code": "bad" } });
    let base_url = format!("{}/v1", scripted(json_answer("400 Bad Request", &body.to_string())));
    let arguments = ["generate", "x", "--base-url", &base_url];
    let ran = home.run(&[("FAST_API_KEY", "good")], &arguments);
    assert_eq!(ran.code(), Some(3));
    let shown = ran.stderr();
    assert!(shown.contains("txt.exe"), "{shown:?}");
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{shown:?}");
    // The first line says what, the second why, the third what to do.
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("error: ") && lines[1].starts_with("  \""), "{shown}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let home = Home::new();
    let arguments = ["generate", "x", "--size", "1x1"];
    assert!(!home.run(&[], &arguments).stderr().contains('\u{1b}'));
    assert!(home.run(&[("FORCE_COLOR", "1")], &arguments).stderr().starts_with("\u{1b}["));
    assert!(home.run(&[("CLICOLOR_FORCE", "1")], &arguments).stderr().starts_with("\u{1b}["));
    assert!(!home.run(&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], &arguments).stderr().contains('\u{1b}'));
    assert!(!home.run(&[("FORCE_COLOR", "0")], &arguments).stderr().contains('\u{1b}'));
}
