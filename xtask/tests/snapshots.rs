//! What the fixture becomes: the intermediate representation and every generated file.

mod common;

use common::fixture;
use insta::assert_snapshot;

/// Names each snapshot after what it shows.
fn settings(folder: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{folder}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn the_intermediate_representation() {
    let specification = xtask::specification(&fixture()).expect("the fixture is right");
    settings("ir").bind(|| {
        assert_snapshot!("modules", format!("{:#?}", specification.modules));
        assert_snapshot!("fields", format!("{:#?}\n{:#?}", specification.fields, specification.wire));
        assert_snapshot!("dialects", format!("{:#?}", specification.dialects));
        assert_snapshot!("models", format!("{:#?}", specification.models));
    });
}

#[test]
fn the_generated_files() {
    let files = xtask::generate(&fixture()).expect("the fixture is right");
    settings("files").bind(|| {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_snapshot!("list", paths.join("\n"));
        for file in &files {
            let name = file.path.replace("crates/", "").replace("/src", "").replace(['/', '.'], "-");
            assert_snapshot!(name, file.text);
        }
    });
}

#[test]
fn twice_gives_equal_bytes() {
    for sources in [fixture(), common::real()] {
        let first = xtask::generate(&sources).expect("the documents are right");
        let mut reversed = sources;
        reversed.reverse();
        assert_eq!(first, xtask::generate(&reversed).expect("the documents are right"));
    }
}
