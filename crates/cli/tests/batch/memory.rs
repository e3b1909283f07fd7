//! Memory does not grow with the images: they go to the disk while they arrive.

use std::{fs, process::Stdio};

use serde_json::json;

use super::{Bench, Ran, setting, visible};

/// The most that a process held in memory so far, in KiB; Linux alone tells.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn sixteen_jobs_of_large_images_take_less_than_64_mib() {
    let bench = Bench::new();
    let count = setting("IMAGEWIRE_LARGE", 48);
    // The same picture for all, so that drawing it is not what takes the time.
    let lines = (0..count).map(|number| {
        json!({ "id": format!("i{number}"), "prompt": "a fox in the snow", "user": number.to_string(), "size": "1792x1024",
                "quality": "hd", "response_format": "b64_json" })
    });
    bench.input(&lines.collect::<Vec<_>>());
    let mut child = bench.command(&["-q", "--jobs", "16"]).stdout(Stdio::null()).spawn().expect("it runs");
    let mut most = 0;
    while child.try_wait().expect("a child").is_none() {
        most = most.max(peak(child.id()).unwrap_or_default());
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let names = visible(&bench.out());
    let size = fs::metadata(bench.out().join(&names[0])).expect("the file").len();
    println!("{count} images of {size} bytes, 16 jobs: {} MiB at most", most / 1024);
    assert_eq!(names.len(), count);
    assert!(most < 64 << 10, "{most} KiB");
}

#[test]
fn links_and_streams_are_saved_too() {
    let bench = Bench::new();
    bench.input(&[
        json!({ "id": "link", "prompt": "a fox", "model": "dall-e-2", "size": "256x256", "response_format": "url" }),
        json!({ "id": "inline", "prompt": "a fox", "model": "dall-e-2", "size": "256x256", "response_format": "b64_json" }),
    ]);
    let ran: Ran = bench.run(&["-q"]);
    assert_eq!((ran.code, bench.billed()), (Some(0), 2), "{ran:?}");
    assert_eq!(visible(&bench.out()), ["inline.png", "link.png"]);
}
