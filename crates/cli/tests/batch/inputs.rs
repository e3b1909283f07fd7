//! What goes in: the whole file is looked at before anything is bought.

use std::{fs, io::Write as _, process::Stdio};

use serde_json::json;

use super::{Bench, Ran, visible};

#[test]
fn everything_that_is_wrong_is_said_at_once_and_nothing_is_bought() {
    let bench = Bench::new();
    let text = "{\"id\":\"a\",\"prompt\":\"SECRET fox\",\"model\":\"dall-e-2\",\"size\":\"256x256\"}\r\n\n\
                {\"id\":\"b\",\"prompt\":\"SECRET\",\"size\":\"1000x1000\"}\nno JSON\n{\"id\":\"a\",\"prompt\":\"SECRET\"}\n";
    fs::write(bench.path("prompts.jsonl"), text).expect("written");
    let ran = bench.run(&[]);
    assert_eq!((ran.code, bench.requests()), (Some(3), 0), "{ran:?}");
    assert!(!bench.out().exists(), "nothing is left behind");
    for expected in [
        "3 of 4 items",
        "line 3: fastapi.ai would refuse it: ",
        "line 4: ",
        "line 5: the id \"a\" is taken by line 1",
    ] {
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("SECRET"), "{}", ran.stderr);
    assert_eq!(bench.run(&["--dry-run"]).code, Some(3));

    let ran = bench.run(&["--keep-going"]);
    assert_eq!((ran.code, bench.billed()), (Some(9), 1), "{ran:?}");
    assert_eq!(visible(&bench.out()), ["a.png"]);
    assert_eq!(ran.stdout.lines().count(), 4);
}

#[test]
fn tables_texts_and_pipes() {
    let bench = Bench::new();
    fs::write(bench.path("t.csv"), "id,prompt,size\nfox,\"a fox, red\",256x256\nowl,an owl,256x256\n")
        .expect("written");
    fs::create_dir(bench.path("texts")).expect("a folder");
    fs::write(bench.path("texts/heron.txt"), "a heron").expect("written");
    let flags = ["-q", "-m", "dall-e-2", "--set", "size=256x256"];
    for (input, out, expected) in
        [("t.csv", "1", &["fox.png", "owl.png"][..]), ("texts", "2", &["heron.png"])]
    {
        let ran =
            Ran::of(bench.bare().args(["batch", input, "-o", out]).args(flags).output().expect("it runs"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(visible(&bench.path(out)), expected);
    }
    let mut command = bench.bare();
    command
        .args(["batch", "-", "-o", "3"])
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"{\"prompt\":\"a fox at night\"}\n").expect("written");
    drop(stdin);
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let names = visible(&bench.path("3"));
    assert!(names.len() == 1 && names[0].starts_with("a-fox-at-night-"), "{names:?}");
}

#[test]
fn order_and_lines_that_come_and_go_do_not_matter() {
    let bench = Bench::new();
    let line = |id: &str| json!({ "id": id, "prompt": id, "model": "dall-e-2", "size": "256x256" });
    bench.input(&[line("a"), line("b")]);
    assert_eq!(bench.run(&["-q"]).code, Some(0));
    bench.input(&[line("c"), line("b")]);
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, bench.billed()), (Some(0), 3), "{ran:?}");
    assert_eq!(visible(&bench.out()), ["a.png", "b.png", "c.png"]);
}

#[test]
fn what_the_service_would_refuse_can_be_adapted_or_sent_all_the_same() {
    let bench = Bench::new();
    bench.input(&[json!({ "id": "a", "prompt": "a fox", "model": "dall-e-2", "size": "250x250" })]);
    assert_eq!(bench.run(&["-q"]).code, Some(3));
    let ran = bench.run(&["--adapt"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("line 1: changed size"), "{}", ran.stderr);
    let other = ["batch", "prompts.jsonl", "-o", "other", "--no-check", "-q"];
    let ran = Ran::of(bench.bare().args(other).output().expect("it runs"));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(ran.results()["a"]["error"]["outcome"], "refused");
}
