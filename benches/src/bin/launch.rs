//! Runs a command and tells what the whole process cost, start and end included. A small program in between, because a
//! child counts the memory of what started it as its own.

use std::process::{Command, ExitCode};

use nix::sys::resource::{UsageWho, getrusage};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let mut command = Command::new(args.next().expect("a command"));
    let begin = imagewire_benches::now();
    let status = command.args(args).status().expect("a command that runs");
    let wall = imagewire_benches::now() - begin;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage");
    let nanoseconds = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000_000 + time.tv_usec() * 1000;
    let cpu = nanoseconds(usage.user_time()) + nanoseconds(usage.system_time());
    let report = serde_json::json!({
        "whole_begin": begin, "whole_wall": wall, "whole_cpu": cpu, "whole_peak": usage.max_rss(),
    });
    println!("{report}");
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
