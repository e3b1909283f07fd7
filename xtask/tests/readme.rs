//! `schemas/README.md` against the documents that it explains.

mod common;

use std::{collections::BTreeSet, fs};

use common::{real, workspace};
use imagewire_spec::load::Source;

fn readme() -> String {
    fs::read_to_string(workspace().join("schemas/README.md")).expect("schemas have a README")
}

#[test]
fn its_example_is_a_model_that_conforms() {
    let text = readme();
    let (_, rest) = text.split_once("```json\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("the example ends");
    let mut sources = real();
    sources.push(Source { path: "models/brush-1.schema.json".to_owned(), text: example.to_owned() });
    if let Err(diagnostics) = xtask::generate(&sources) {
        panic!("{}", xtask::report::render(&diagnostics, &sources, false));
    }
    for (name, outcome) in xtask::conformance::schemas(&sources).expect("the example is a JSON Schema") {
        assert!(outcome.failures.is_empty(), "{name}: {:#?}", outcome.failures);
    }
}

#[test]
fn it_explains_every_keyword_of_ours_and_no_other() {
    let words = |text: &str, quote: char| -> BTreeSet<String> {
        let quoted = text.split(quote).filter(|word| word.starts_with("x-"));
        quoted
            .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            .map(str::to_owned)
            .collect()
    };
    let sources = real();
    let meta = sources.iter().filter(|source| source.path.starts_with("meta/"));
    let known: BTreeSet<String> = meta.flat_map(|source| words(&source.text, '"')).collect();
    assert!(known.len() > 10, "{known:?}");
    let table: String =
        readme().lines().filter_map(|line| line.strip_prefix("| `x-")).fold(String::new(), |all, line| {
            all + "`x-" + line.split_once('`').map_or("", |(name, _)| name) + "`"
        });
    assert_eq!(words(&table, '`'), known);
}
