//! Plans against the interpreter: a request passes exactly when there is nothing to say about it.

use imagewire_tests::requests::{bodies, text_of, with_model};
use imagewire_types::CreateImageRequest;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{Catalogue, Target, findings, findings_json, flat, plan::Plan};

/// Bodies for each pair of service and model.
const CASES: u32 = 100;

#[test]
fn a_plan_passes_exactly_what_leaves_nothing_to_say() {
    let (mut plans, requests) = (0, (bodies(), any::<bool>()));
    for dialect in Catalogue::built_in().dialects() {
        for model in Catalogue::built_in().models() {
            let target = Target::new(&dialect.id).expect("a service").served_by(&model.id);
            let has_plan = Plan::new(&target.sets(None)).is_some();
            plans += u32::from(has_plan);
            let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
            let silent = std::cell::Cell::new(0_u32);
            let outcome = TestRunner::new(config).run(&requests, |(members, is_named)| {
                let text = text_of(&if is_named { with_model(members, &model.id) } else { members });
                let passes = flat::read(text.as_bytes()).is_some_and(|request| target.passes(&request));
                let said = findings_json(text.as_bytes(), &target);
                prop_assert_eq!(passes, has_plan && said.findings().is_empty(), "{}: {:?}", &text, said);
                silent.set(silent.get() + u32::from(passes));
                if let Ok(request) = serde_json::from_str::<CreateImageRequest>(&text) {
                    let passes = request.extra.is_empty() && target.passes(&request);
                    let said = findings(&request, &target);
                    prop_assert_eq!(passes, has_plan && said.findings().is_empty(), "{}: {:?}", &text, said);
                }
                Ok(())
            });
            if let Err(failure) = outcome {
                panic!("{} at {}: {failure}", model.id, dialect.id);
            }
            assert!(!has_plan || silent.get() > 0, "{} at {}: nothing passes", model.id, dialect.id);
        }
    }
    assert!(plans > 50, "{plans} pairs have a plan");
}

#[test]
fn a_pair_without_a_plan_always_leaves_something_to_say() {
    let plain = CreateImageRequest::new("a fox");
    for dialect in Catalogue::built_in().dialects() {
        for model in Catalogue::built_in().models().map(|model| model.id.as_ref()).chain(["nobody/knows"]) {
            let target = Target::new(&dialect.id).expect("a service").served_by(model);
            let is_silent = findings(&plain, &target).findings().is_empty();
            assert_eq!(is_silent, Plan::new(&target.sets(None)).is_some(), "{model} at {}", dialect.id);
        }
    }
}

#[test]
fn what_is_no_ordinary_body_is_left_to_the_thorough_reader() {
    for body in [
        r#"{"prompt":"x","prompt":"x"}"#,
        r#"{"prompt":"x","seed":1}"#,
        r#"{"prompt":"x","n":[1]}"#,
        r#"{"prompt":"x"} x"#,
        r#"["prompt"]"#,
        "",
    ] {
        assert!(flat::read(body.as_bytes()).is_none(), "{body}");
    }
    assert!(flat::read(b"{\"prompt\":\"\xff\"}").is_none());
    assert!(flat::read(br#" {"prompt":"two\nlines","n":null} "#).is_some());
}
