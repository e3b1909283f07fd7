//! `cargo xtask diff`: what changed, in words.

use std::path::Path;

use imagewire_spec::load::Source;
use xtask::{
    diff::{Effect, compare},
    inputs, specification,
};

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    inputs::read(&root.join("schemas")).expect("the schemas")
}

fn differences(path: &str, from: &str, to: &str) -> Vec<(Effect, String)> {
    let old = sources();
    let mut new = old.clone();
    let source = new.iter_mut().find(|source| source.path == path).expect("a document");
    assert!(source.text.contains(from), "{path} lacks {from}");
    source.text = source.text.replacen(from, to, 1);
    let lower = |sources: &[Source]| specification(sources).expect("good schemas");
    compare(&lower(&old), &lower(&new)).into_iter().map(|found| (found.effect, found.what)).collect()
}

#[test]
fn nothing_changed_is_nothing_to_say() {
    assert_eq!(differences("models/dall-e-3.schema.json", "", ""), []);
}

#[test]
fn bounds_and_sets_are_narrowed_or_widened() {
    let n = r#""n": { "minimum": 1, "maximum": 1, "default": 1 }"#;
    assert_eq!(
        differences("models/dall-e-3.schema.json", n, r#""n": { "minimum": 1, "maximum": 4, "default": 1 }"#),
        [(Effect::Compatible, "dall-e-3: `n` widened from 1 to 1 to 4".to_owned())]
    );
    assert_eq!(
        differences(
            "models/dall-e-3.schema.json",
            r#""enum": ["vivid", "natural", null]"#,
            r#""enum": ["vivid", null]"#
        ),
        [(
            Effect::Breaking,
            "dall-e-3: `style` narrowed or changed from `vivid` or `natural` to `vivid`".to_owned()
        )]
    );
}

#[test]
fn members_and_models_come_and_go() {
    let gone = differences(
        "models/dall-e-2.schema.json",
        r#""user": true"#,
        r#""style": { "description": "New." }"#,
    );
    assert_eq!(
        gone,
        [
            (Effect::Breaking, "dall-e-2: `user` is no longer taken".to_owned()),
            (Effect::Compatible, "dall-e-2: `style` is now taken: any value".to_owned()),
        ]
    );
    let old = sources();
    let new: Vec<Source> =
        old.iter().filter(|source| source.path != "models/dall-e-2.schema.json").cloned().collect();
    let lower = |sources: &[Source]| specification(sources).expect("good schemas");
    let found = compare(&lower(&old), &lower(&new));
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["breaking    removed the model dall-e-2"]
    );
}
