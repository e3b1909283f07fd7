//! What the binary tells shells and readers about itself.

mod shell;

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::shell::{Home, files};

fn commands(home: &Home) -> Vec<String> {
    let help = home.run(&[], &["--help"]).stdout();
    let listed = help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_teaches_by_examples() {
    let home = Home::new();
    let commands = commands(&home);
    assert!(commands.len() >= 12, "{commands:?}");
    for command in &commands {
        let help = home.run(&[], &[command, "--help"]).stdout();
        assert!(help.contains("Example"), "{command} --help has no example");
        assert!(help.contains(&format!("imagewire {command}")), "{command} --help shows another command");
    }
    let help = home.run(&[], &["--help"]).stdout();
    for code in 0..=12 {
        assert!(help.contains(&format!("{code} ")), "exit code {code} is not explained");
    }
}

#[test]
fn completions_are_scripts_that_their_shells_can_read() {
    let home = Home::new();
    for (shell, check) in [
        ("bash", Some(["bash", "-n"])),
        ("zsh", Some(["zsh", "-n"])),
        ("fish", Some(["fish", "--no-execute"])),
        ("powershell", None),
    ] {
        let script = home.run(&[], &["completions", shell]).stdout();
        for expected in ["generate", "--base-url", "doctor", "imagewire"] {
            // fish writes flags without their dashes.
            assert!(script.contains(expected.trim_start_matches('-')), "{shell}: {expected}");
        }
        let Some([program, flag]) = check else { continue };
        let child = Command::new(program).arg(flag).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        // Not every machine has every shell.
        let Ok(mut child) = child else { continue };
        child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("writable");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(home.run(&[], &["completions", "tcsh"]).code(), Some(2));
}

#[test]
fn there_is_a_page_for_every_command() {
    let home = Home::new();
    let page = home.run(&[], &["man"]).stdout();
    assert!(page.contains(".TH imagewire 1") && page.contains("outcome unknown"), "{page}");
    let written = home.run(&[], &["man", "--dir", "pages"]);
    assert_eq!(written.code(), Some(0), "{}", written.stderr());
    let pages = files(&home.project().join("pages"));
    for command in commands(&home) {
        assert!(pages.contains(&format!("imagewire-{command}.1")), "{command}: {pages:?}");
    }
}
