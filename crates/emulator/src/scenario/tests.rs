//! Scenarios as people write them.

use super::{RetryForm, Scenario, Scenarios, Script, from_header, from_prompt};

#[test]
fn a_header_names_a_scenario_and_its_settings() {
    let cases = [
        ("quota", Scenario::Quota {}),
        ("rate-limit", Scenario::RateLimit { retry_after: 12.0, form: RetryForm::Seconds }),
        (
            "rate-limit; retry_after=0.5; form=milliseconds",
            Scenario::RateLimit { retry_after: 0.5, form: RetryForm::Milliseconds },
        ),
        ("status;status=503;billed=true", Scenario::Status { status: 503, retry_after: None, billed: true }),
        ("prompt-block;category=hate", Scenario::PromptBlock { category: "hate".to_owned() }),
        ("reset", Scenario::Reset { after: None }),
    ];
    for (text, expected) in cases {
        assert_eq!(from_header(text), Ok(expected), "{text}");
    }
    for text in [
        "",
        "else",
        "quota;x=1",
        "status",
        "status;status=200",
        "status;status=99999",
        "latency;millis=no",
        "rate-limit;x",
    ] {
        assert!(from_header(text).is_err(), "{text}");
    }
    assert!(from_header("wrong-content-type;content_type=a\nb").is_err());
}

#[test]
fn a_prompt_names_a_scenario() {
    assert_eq!(from_prompt("a heron [[scenario:quota]] at dawn"), Some(Ok(Scenario::Quota {})));
    assert!(from_prompt("a heron [[scenario:else]]").is_some_and(|read| read.is_err()));
    assert_eq!(from_prompt("a heron [[scenario:quota"), None);
    assert_eq!(from_prompt("a heron"), None);
}

#[test]
fn a_script_goes_on_and_may_repeat() {
    let text = "[[step]]\nkind = \"quota\"\ntimes = 2\n[[step]]\nkind = \"none\"\n";
    let once = Scenarios::new(Script::from_toml(text).expect("a script"));
    let quota = Some(Scenario::Quota {});
    assert_eq!(
        [once.next(), once.next(), once.next(), once.next()],
        [quota.clone(), quota.clone(), Some(Scenario::None {}), None]
    );
    let again = Scenarios::new(Script::from_toml(&format!("repeat = true\n{text}")).expect("a script"));
    let round: Vec<_> = (0..4).map(|_| again.next()).collect();
    assert_eq!(round[0], round[3]);
    // What a test pushes comes first.
    again.push(Scenario::EmptyData {});
    assert_eq!(again.next(), Some(Scenario::EmptyData {}));
    again.clear();
    assert_eq!((again.next(), again.waiting().len()), (None, 0));
}

#[test]
fn a_script_that_says_nonsense_is_refused() {
    for text in [
        "x",
        "else = 1",
        "repeat = 3",
        "[[step]]\nkind = \"else\"",
        "[[step]]\nkind = \"none\"\ntimes = 9999999",
        "step = 1",
    ] {
        assert!(Script::from_toml(text).is_err(), "{text}");
    }
    assert!(Script::from_toml("").is_ok_and(|script| script.is_empty()));
}
