//! Two judges: the rule tables against the `jsonschema` crate on the source documents.

use std::cell::RefCell;

use imagewire_tests::{
    oracle::Oracle,
    pairs,
    requests::{bodies, text_of, with_model},
};
use imagewire_types::CreateImageRequest;
use imagewire_validate::{Report, Target, check, check_json, rule::ModelFrom};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::Value;

/// Bodies for each pair of service and model; `IMAGEWIRE_ORACLE_CASES` raises it.
fn cases() -> u32 {
    std::env::var("IMAGEWIRE_ORACLE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// Names the model in the body, where that is how the service learns it.
fn named(members: Vec<(String, String)>, target: &Target<'_>, model: Option<&str>) -> Vec<(String, String)> {
    match (target.dialect().model_from, model) {
        (ModelFrom::Body, Some(model)) => with_model(members, model),
        (ModelFrom::Body, None) | (ModelFrom::Deployment, _) => members,
    }
}

fn target(dialect: &str, model: Option<&str>) -> Target<'static> {
    let target = Target::new(dialect).expect("a built-in service");
    match (target.dialect().model_from, model) {
        (ModelFrom::Deployment, Some(model)) => target.served_by(model),
        // A body without `model` would be judged by the service's default model.
        (ModelFrom::Body, None) => target.served_by("nobody/knows"),
        (ModelFrom::Body, Some(_)) | (ModelFrom::Deployment, None) => target,
    }
}

fn explain(report: &Report) -> String {
    report.findings().iter().map(|finding| format!("{} {finding}\n", finding.pointer)).collect()
}

#[test]
fn rule_tables_and_source_schemas_agree() {
    let (accepted, refused) = (RefCell::new(0_u32), RefCell::new(0_u32));
    for (dialect, model) in pairs() {
        let oracle = Oracle::new(dialect, model);
        let target = target(dialect, model);
        let mut runner =
            TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
        let (mut good, mut bad) = (0_u32, 0_u32);
        let counters = RefCell::new((&mut good, &mut bad));
        let outcome = runner.run(&bodies(), |members| {
            let text = text_of(&named(members, &target, model));
            let from_bytes = check_json(text.as_bytes(), &target);
            let value: Option<Value> = serde_json::from_str(&text).ok();
            let expected = value.as_ref().is_some_and(|value| oracle.accepts(value));
            prop_assert_eq!(
                from_bytes.is_accepted(),
                expected,
                "{} for {:?} at {}: from bytes\n{}",
                &text,
                model,
                dialect,
                explain(&from_bytes)
            );
            let typed: Option<CreateImageRequest> = serde_json::from_str(&text).ok();
            if let Some(request) = typed {
                let rewritten = serde_json::to_value(&request).expect("a request is JSON");
                let from_types = check(&request, &target);
                let expected = oracle.accepts(&rewritten);
                prop_assert_eq!(
                    from_types.is_accepted(),
                    expected,
                    "{} for {:?} at {}: typed\n{}",
                    &rewritten,
                    model,
                    dialect,
                    explain(&from_types)
                );
            }
            let mut counters = counters.borrow_mut();
            *(if expected { &mut *counters.0 } else { &mut *counters.1 }) += 1;
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
        assert!(
            good > cases() / 50 && bad > cases() / 50,
            "{dialect} {model:?}: {good} accepted, {bad} refused"
        );
        *accepted.borrow_mut() += good;
        *refused.borrow_mut() += bad;
    }
    println!("oracle: {} bodies accepted and {} refused by both judges", accepted.borrow(), refused.borrow());
}

#[test]
fn a_duplicate_at_any_depth_is_refused() {
    let target = Target::new("truefoundry").expect("a built-in service");
    for body in [r#"{"prompt":"x","n":1,"n":1}"#, r#"{"prompt":"x","seed":{"a":[{"b":1,"b":2}]}}"#] {
        let report = check_json(body.as_bytes(), &target);
        assert!(!report.is_accepted(), "{body}");
    }
}
