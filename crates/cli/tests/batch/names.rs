//! Hostile ids and prompts: as names of files, in results, and on a terminal.

use std::{collections::BTreeSet, fs};

use serde_json::json;

use super::{Bench, visible};

const HOSTILE: &[&str] = &[
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows",
    "C:\\x",
    "a/b",
    "a\\b",
    ".",
    "..",
    "...",
    ".hidden",
    "~",
    "~root",
    "CON",
    "con.txt",
    "nul",
    "LPT1",
    "aux.png",
    "com0",
    "x.",
    "x ",
    " x",
    "a\nb",
    "a\rb",
    "a\tb",
    "\u{0}",
    "a\u{0}b",
    "\u{1b}[2J",
    "\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "\u{202e}gnp.exe",
    "\u{2066}x\u{2069}",
    "\u{feff}x",
    "\u{200b}",
    "水獭",
    "مرحبا",
    "Ω≈ç√∫",
    "👩‍👩‍👧",
    "Ａ",
    "ﬀ",
    "İ",
    "ß",
    "Fox",
    "FOX",
    "fox",
    "fox.png",
    "fox.png.png",
    "-rf",
    "--help",
    "$(reboot)",
    "`reboot`",
    "; rm -rf /",
    "| cat",
    "&& x",
    "%00",
    "%2e%2e%2f",
    "file:///x",
    "<script>",
    "' OR 1=1 --",
    "{}",
    "[]",
    "null",
    "true",
    "undefined",
    "NaN",
    "0",
    "1e999",
    "*",
    "?",
    "\"",
    "'",
    ":",
    "a:b",
    "*.png",
    ".imagewire-ledger.jsonl",
    ".imagewire-lock",
    ".imagewire-staging",
    "imagewire-ledger.jsonl",
    "\u{85}",
    "\u{2028}",
];

/// Nothing in it steers a terminal.
fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| {
        (!c.is_control() || c == '\n' || c == '\t')
            && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[test]
fn no_id_leaves_the_folder_or_meets_another_and_the_results_say_which_is_which() {
    let bench = Bench::new();
    let long = "x".repeat(300);
    let ids: BTreeSet<&str> = HOSTILE.iter().copied().chain([long.as_str()]).collect();
    let lines = ids.iter().map(
        |id| json!({ "id": id, "prompt": "a fox", "user": "x", "model": "dall-e-2", "size": "256x256" }),
    );
    bench.input(&lines.collect::<Vec<_>>());
    let ran = bench.run(&["--jobs", "4"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(is_harmless(&ran.stderr) && is_harmless(&ran.stdout));
    let names = visible(&bench.out());
    assert_eq!(names.len(), ids.len());
    assert_eq!(names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>().len(), ids.len());
    let plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    for name in &names {
        assert!(name.len() <= 120 && name.bytes().all(plain) && !name.starts_with(['.', '-']), "{name}");
    }
    let results = ran.results();
    for id in &ids {
        let file = results[*id]["files"][0].as_str().expect("a file");
        assert!(names.iter().any(|name| bench.out().join(name).to_str() == Some(file)), "{id:?}: {file}");
    }
    // Two files that were there before are all that is beside the batch.
    assert_eq!(visible(bench.folder.path()), ["out", "prompts.jsonl"]);
    // And again: each has its own name still.
    let again = bench.run(&["-q"]);
    assert_eq!((again.code, bench.billed()), (Some(0), ids.len() as u64));
    assert_eq!(visible(&bench.out()), names);
}

#[test]
fn hostile_texts_reach_no_terminal_and_prompts_appear_nowhere() {
    let bench = Bench::new();
    let lines = HOSTILE.iter().enumerate().filter(|(_, text)| !text.trim().is_empty()).map(|(number, text)| {
        json!({ "id": format!("{number}{text}"), "prompt": format!("SECRET{text}"), "model": "dall-e-2", "size": "256x256" })
    });
    bench.input(&lines.collect::<Vec<_>>());
    for _ in HOSTILE {
        bench.push(imagewire_emulator::Scenario::PromptBlock { category: "\u{1b}[31mred".to_owned() });
    }
    let ran = bench.run(&["--jobs", "2"]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(is_harmless(&ran.stderr) && is_harmless(&ran.stdout));
    let ledger = fs::read_to_string(bench.out().join(".imagewire-ledger.jsonl")).expect("a ledger");
    for text in [&ran.stderr, &ran.stdout, &ledger] {
        assert!(!text.contains("SECRET") && !text.contains("CANARY"));
    }
}

#[test]
fn files_that_are_there_already_keep_their_names() {
    let bench = Bench::new();
    fs::create_dir(bench.out()).expect("a folder");
    fs::write(bench.out().join("i1.jpg"), "mine").expect("written");
    fs::write(bench.out().join("I2.PNG"), "mine").expect("written");
    bench.items(3, "x");
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let names = visible(&bench.out());
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.contains(&"i3.png".to_owned()) && !names.contains(&"i1.png".to_owned()), "{names:?}");
    assert_eq!(fs::read(bench.out().join("i1.jpg")).expect("the file"), b"mine");
    assert_eq!(fs::read(bench.out().join("I2.PNG")).expect("the file"), b"mine");
}
