//! The page of failures, held against the tests that it names.

use std::{collections::BTreeMap, fs, path::Path};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/failures.md");

/// Whether the source has that test: a function with an attribute, or a property.
fn is_test(source: &str, name: &str) -> bool {
    source.lines().zip(source.lines().skip(1)).any(|(before, line)| {
        let line = line.trim_start().trim_start_matches("async ");
        let is_marked = before.trim_start().starts_with("#[") && before.contains("test");
        line.starts_with(&format!("fn {name}(")) && (is_marked || source.contains("proptest!"))
    })
}

#[test]
fn every_failure_has_its_row() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(PAGE).expect("the page");
    let mut rows = BTreeMap::<String, usize>::new();
    let mut sources = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [id, failure, does, shown] = cells[..] else { continue };
        if !id[1..].chars().all(|character| character.is_ascii_digit()) || !id.starts_with(['a', 'b', 'c']) {
            continue;
        }
        *rows.entry(id.to_owned()).or_default() += 1;
        assert!(!failure.is_empty() && !does.is_empty(), "{id} says too little");
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{id} names no test");
        for test in named {
            let (path, name) = test.split_once(": ").unwrap_or_else(|| panic!("{id}: {test}"));
            let from =
                if path.starts_with("crates/") { crate_folder.join("../..") } else { crate_folder.into() };
            let source = sources.entry(path.to_owned()).or_insert_with(|| {
                fs::read_to_string(from.join(path)).unwrap_or_else(|error| panic!("{id}: {path}: {error}"))
            });
            assert!(is_test(source, name), "{id}: there is no test {name} in {path}");
        }
    }
    let expected = [("a", 63), ("b", 28), ("c", 18)]
        .iter()
        .flat_map(|(letter, last)| (1..=*last).map(move |number| format!("{letter}{number}")));
    let expected: BTreeMap<String, usize> = expected.map(|id| (id, 1)).collect();
    assert_eq!(rows, expected);
}

/// a63: time is measured by the clock that does not jump. Dates of a service are compared with each other alone.
#[test]
fn the_time_of_day_is_never_asked() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).expect("a source file");
            assert!(
                !source.contains("SystemTime::now") && !source.contains("UNIX_EPOCH"),
                "{}",
                path.display()
            );
            read += 1;
        }
    }
    assert!(read > 40);
}
