//! A stranger's mistakes: broken schema sets, each a small edit of the fixture, and what is said about them.

mod common;
#[path = "broken/dialects.rs"]
mod dialects;
#[path = "broken/json.rs"]
mod json;
#[path = "broken/models.rs"]
mod models;
#[path = "broken/wire.rs"]
mod wire;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use common::{document, fixture};
use imagewire_spec::load::Source;

/// The files that most mistakes are made in.
const REQUEST: &str = "wire/create-image-request.schema.json";
const RESPONSE: &str = "wire/images-response.schema.json";
const QUALITY: &str = "wire/quality.schema.json";
const MODEL: &str = "models/brush-1.schema.json";
const DIALECT: &str = "dialects/acme.openapi.json";

/// A mistake: its name, and the edits that make it.
type Case = (&'static str, Vec<Edit>);

/// One edit of the fixture.
enum Edit {
    /// In a document, replaces a text that stands there exactly once.
    Replace(&'static str, &'static str, String),
    /// Gives a document, which need not be there, another text.
    Set(&'static str, String),
    /// Takes a document away.
    Remove(&'static str),
}

/// A mistake of one replaced text.
fn replace(name: &'static str, path: &'static str, from: &'static str, to: &str) -> Case {
    (name, vec![Edit::Replace(path, from, to.to_owned())])
}

fn edited(edits: &[Edit]) -> Vec<Source> {
    let mut sources = fixture();
    for edit in edits {
        match edit {
            Edit::Replace(path, from, to) => {
                let text = document(&mut sources, path);
                assert_eq!(text.matches(from).count(), 1, "`{from}` stands in {path} exactly once");
                *text = text.replacen(from, to, 1);
            }
            Edit::Set(path, text) => {
                sources.retain(|source| source.path != *path);
                sources.push(Source { path: (*path).to_owned(), text: text.clone() });
            }
            Edit::Remove(path) => sources.retain(|source| source.path != *path),
        }
    }
    sources
}

/// Every case's diagnostics, each in a snapshot of its own under `snapshots/broken`.
#[test]
fn every_mistake_is_explained() {
    let cases: Vec<Case> =
        [json::cases(), wire::cases(), models::cases(), dialects::cases()].into_iter().flatten().collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/broken");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut names: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "two cases share a name: {names:?}");
    let mut silent = String::new();
    for (name, edits) in &cases {
        let sources = edited(edits);
        let Err(diagnostics) = xtask::generate(&sources) else {
            let _ = writeln!(silent, "{name}");
            continue;
        };
        for found in &diagnostics {
            let source =
                sources.iter().find(|source| source.path == found.path).expect("a document of the set");
            assert!(source.text.get(found.span.clone()).is_some(), "{name}: {found} is a place in the text");
            assert!(found.line_column.0 >= 1 && found.line_column.1 >= 1, "{name}: {found}");
            assert!(!found.message.is_empty() && found.help.len() > 8, "{name}: {found}");
        }
        let text = xtask::report::render(&diagnostics, &sources, false);
        settings.bind(|| insta::assert_snapshot!(*name, text));
    }
    assert!(silent.is_empty(), "accepted without a word:\n{silent}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/broken");
    let stems = fs::read_dir(folder).expect("the snapshots").filter_map(|entry| {
        entry.expect("a readable folder").file_name().to_str()?.strip_suffix(".snap").map(str::to_owned)
    });
    let present: BTreeSet<String> = stems.collect();
    let expected: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(present, expected, "each case has a snapshot, and each snapshot a case");
    println!("{} broken schema sets explained", cases.len());
}

#[test]
fn the_fixture_itself_is_right() {
    assert!(xtask::generate(&fixture()).is_ok());
}

/// A model file from anybody must not take the generator's time or memory: work that grows with the square of these
/// documents would not end within minutes, and the list of errors stays short.
#[test]
fn a_hostile_document_ends_soon() {
    let many = |count: usize, item: fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(",");
    let texts = [
        format!("{{{}}}", many(30_000, |at| format!("\"k{at}\":1"))),
        format!("{{{}}}", many(30_000, |_| "\"k\":1".to_owned())),
        format!(
            "{{\"title\":\"brush-1\",\"description\":\"d\",\"properties\":{{\"quality\":{{\"enum\":[{}]}}}}}}",
            many(60_000, |at| format!("\"v{at}\""))
        ),
        format!(
            "{{\"title\":\"brush-1\",\"description\":\"d\",\"x-aliases\":[{}]}}",
            many(60_000, |_| "\"\"".to_owned())
        ),
    ];
    for text in texts {
        let sources = edited(&[Edit::Set(MODEL, text)]);
        let Err(diagnostics) = xtask::generate(&sources) else { panic!("accepted") };
        assert!(diagnostics.len() <= 1_100, "{} diagnostics", diagnostics.len());
    }
}
