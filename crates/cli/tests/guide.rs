//! The guide: every command in it runs as it is written.
//!
//! A page's blocks run in order, in one folder that is empty at first, without a key. In a block of `sh`, each command must
//! succeed, or exit as its comment `# exits N` says. A block of `console` shows commands after `$`, and their output. A block
//! of `bash` is not run: it installs other tools, or serves for ever.

mod shell;

use std::{
    env, fs,
    panic::resume_unwind,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use crate::shell::Home;

/// A fenced block of a page.
struct Block {
    language: String,
    line: usize,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, text) in (1..).zip(page.lines()) {
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), line, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(text);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The block with each expected failure turned into a success.
fn script(block: &str) -> String {
    let line = |line: &str| match line.rsplit_once("# exits ") {
        Some((command, code)) => {
            let code = code.trim();
            format!(
                "if {command}; then echo 'exited 0, not {code}' >&2; exit 97; else code=$?; \
                 [ $code = {code} ] || {{ echo \"exited $code, not {code}\" >&2; exit 97; }}; fi\n"
            )
        }
        None => format!("{line}\n"),
    };
    block.lines().map(line).collect()
}

/// Checks of the pages that jq makes are left out where there is none; `.ci/run` has it.
const WITHOUT_JQ: &str = "command -v jq > /dev/null || jq() { cat > /dev/null; }\n";

fn bash(home: &Home, script: &str) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_imagewire"));
    let folders = env::var_os("PATH").unwrap_or_default();
    let path =
        env::join_paths(binary.parent().map(Path::to_owned).into_iter().chain(env::split_paths(&folders)));
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("{WITHOUT_JQ}{script}")])
        .current_dir(home.project())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path.expect("a path"))
        .stdin(Stdio::null())
        .output()
        .expect("bash runs")
}

/// Each command after `$`, with the lines that follow it.
fn sessions(block: &str) -> Vec<(String, String)> {
    let mut sessions: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), sessions.last_mut()) {
            (Some(command), _) => sessions.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => {
                output.push_str(line);
                output.push('\n');
            }
            (None, None) => panic!("a block of `console` begins with `$ `: {line}"),
        }
    }
    sessions
}

/// Runs the page and gives the number of its blocks.
fn run(page: &Path) -> usize {
    let text = fs::read_to_string(page).expect("readable");
    let home = Home::new();
    let mut count = 0;
    for block in blocks(&text) {
        let place = format!("{}:{}", page.display(), block.line);
        let scripts = match block.language.as_str() {
            "sh" => vec![(script(&block.text), None)],
            "console" => {
                sessions(&block.text).into_iter().map(|(command, output)| (command, Some(output))).collect()
            }
            _ => continue,
        };
        count += 1;
        for (script, expected) in scripts {
            let output = bash(&home, &script);
            let stdout = String::from_utf8_lossy(&output.stdout);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{place}: {}\n{script}\n{stdout}{stderr}", output.status);
            if let Some(expected) = expected {
                assert_eq!(stdout, expected, "{place}");
            }
        }
    }
    count
}

#[test]
fn every_command_of_the_guide_runs_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let folder = folder.canonicalize().expect("the guide");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(&folder).expect("readable").map(|entry| entry.expect("an entry").path()).collect();
    pages.sort();
    let counts: Vec<usize> = thread::scope(|scope| {
        let pages: Vec<_> = pages.iter().map(|page| scope.spawn(|| run(page))).collect();
        pages.into_iter().map(|page| page.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    // A change of the form of blocks must not leave all of them out.
    assert!(counts.iter().sum::<usize>() > 20, "{counts:?} in {pages:?}");
}
