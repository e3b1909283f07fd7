//! Writing, comparing, and what a change of a schema changes.

mod common;

use std::{collections::BTreeMap, fs, path::Path, time::SystemTime};

use common::{document, fixture, real};
use xtask::{
    File, generate, pages,
    write::{Mode, apply},
};

/// A tree with all generated files of the fixture in it.
fn tree() -> (tempfile::TempDir, Vec<File>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = generate(&fixture()).expect("the fixture is right");
    let differences = apply(folder.path(), &files, Mode::Write).expect("the folder takes files");
    assert_eq!(differences.len(), files.len(), "all files are new");
    (folder, files)
}

/// Every file below a folder with its bytes and the time of its last change.
fn contents(root: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let changed = path.metadata().and_then(|facts| facts.modified()).expect("the time of a file");
                let name =
                    path.strip_prefix(root).expect("a path below the root").to_string_lossy().into_owned();
                found.insert(name, (fs::read(&path).expect("a readable file"), changed));
            }
        }
    }
    found
}

#[test]
fn a_written_tree_is_clean_and_stays_untouched() {
    let (folder, files) = tree();
    let before = contents(folder.path());
    assert_eq!(before.len(), files.len(), "no temporary file is left");
    for mode in [Mode::Check, Mode::Write] {
        assert!(apply(folder.path(), &files, mode).unwrap().is_empty());
        assert_eq!(contents(folder.path()), before, "{mode:?} rewrites nothing that is right");
    }
}

#[test]
fn a_hand_edit_is_reported_and_repaired() {
    let (folder, files) = tree();
    let edited = folder.path().join("crates/validate/src/generated/models.rs");
    let text = fs::read_to_string(&edited).unwrap().replace("max: 4", "max: 5");
    fs::write(&edited, text).unwrap();
    let before = contents(folder.path());
    let differences = apply(folder.path(), &files, Mode::Check).unwrap();
    assert_eq!(contents(folder.path()), before, "a check writes nothing");
    let [(path, diff)] = differences.iter().collect::<Vec<_>>()[..] else {
        panic!("one file differs: {differences:?}")
    };
    assert_eq!(path, "crates/validate/src/generated/models.rs");
    let has_line =
        |sign: char, part: &str| diff.lines().any(|line| line.starts_with(sign) && line.contains(part));
    assert!(has_line('-', "max: 5") && has_line('+', "max: 4"), "{diff}");
    apply(folder.path(), &files, Mode::Write).unwrap();
    assert!(apply(folder.path(), &files, Mode::Check).unwrap().is_empty());
}

#[test]
fn a_missing_file_is_reported_and_written() {
    let (folder, files) = tree();
    fs::remove_file(folder.path().join("docs/models/brush-1.md")).unwrap();
    let differences = apply(folder.path(), &files, Mode::Check).unwrap();
    assert_eq!(differences.keys().collect::<Vec<_>>(), ["docs/models/brush-1.md"]);
    assert!(!folder.path().join("docs/models/brush-1.md").exists(), "a check writes nothing");
    apply(folder.path(), &files, Mode::Write).unwrap();
    assert!(folder.path().join("docs/models/brush-1.md").exists());
}

#[test]
fn stale_files_are_deleted_from_generated_folders_alone() {
    let (folder, files) = tree();
    let stale = ["crates/types/src/generated/old.rs", "docs/models/brush-0.md", "docs/dialects/nobody.md"];
    let own = ["crates/types/src/lib.rs", "docs/guide.md"];
    for path in stale.iter().chain(&own) {
        fs::write(folder.path().join(path), "by hand\n").unwrap();
    }
    let differences = apply(folder.path(), &files, Mode::Check).unwrap();
    let mut expected = stale;
    expected.sort_unstable();
    assert_eq!(differences.keys().collect::<Vec<_>>(), expected);
    assert!(stale.iter().all(|path| folder.path().join(path).exists()), "a check deletes nothing");
    apply(folder.path(), &files, Mode::Write).unwrap();
    assert!(stale.iter().all(|path| !folder.path().join(path).exists()));
    assert!(own.iter().all(|path| folder.path().join(path).exists()));
}

/// Where the self-contained OpenAPI documents go.
const BUNDLES: &str = "crates/validate/openapi/";

fn paths(files: &[File]) -> impl Iterator<Item = String> {
    files.iter().map(|file| file.path.clone())
}

/// The paths whose text differs between two runs.
fn changed(before: &[File], after: &[File]) -> Vec<String> {
    let texts = |files: &[File]| -> BTreeMap<String, String> {
        files.iter().map(|file| (file.path.clone(), file.text.clone())).collect()
    };
    let (before, after) = (texts(before), texts(after));
    let all: Vec<&String> =
        before.keys().chain(after.keys().filter(|path| !before.contains_key(*path))).collect();
    all.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

#[test]
fn a_new_bound_of_one_model_changes_its_rules_and_its_page() {
    let mut sources = real();
    let before = generate(&sources).expect("the schemas are right");
    let text = document(&mut sources, "models/dall-e-3.schema.json");
    let edited =
        text.replace(r#""n": { "minimum": 1, "maximum": 1,"#, r#""n": { "minimum": 1, "maximum": 2,"#);
    assert_ne!(*text, edited, "the model still has the bound that this test changes");
    *text = edited;
    let after = generate(&sources).expect("the schemas are right");
    // The bundled documents carry the models' rules, each for its own service.
    let bundles: Vec<String> = paths(&after).filter(|path| path.starts_with(BUNDLES)).collect();
    let (changed_bundles, others): (Vec<String>, Vec<String>) =
        changed(&before, &after).into_iter().partition(|path| path.starts_with(BUNDLES));
    assert_eq!(changed_bundles, bundles);
    assert_eq!(others, ["crates/validate/src/generated/models.rs", "docs/models/dall-e-3.md"]);
}

#[test]
fn a_new_model_reaches_constants_rules_and_pages() {
    let mut sources = fixture();
    let before = generate(&sources).expect("the fixture is right");
    let text = document(&mut sources, "models/brush-1.schema.json").clone();
    sources.push(imagewire_spec::load::Source {
        path: "models/brush-2.schema.json".to_owned(),
        text: text.replace("brush-1", "brush-2").replace("[\"brush\"]", "[]"),
    });
    let after = generate(&sources).expect("the new model is right");
    let expected = [
        "crates/types/src/generated/request.rs",
        "crates/validate/openapi/acme.json",
        "crates/validate/src/generated/models.rs",
        "docs/models/README.md",
        "docs/models/brush-2.md",
    ];
    assert_eq!(changed(&before, &after), expected);
}

#[test]
fn the_workspace_is_up_to_date() {
    let mut files = generate(&real()).expect("the schemas are right");
    pages::complete(&common::workspace(), &mut files).expect("the pages' examples");
    let differences = apply(&common::workspace(), &files, Mode::Check).unwrap();
    assert!(differences.is_empty(), "run `cargo xtask codegen`: {:?}", differences.keys());
}
